"""How publishers write dates. Each style reads its own, in no locale but this one."""

import re
from datetime import date

import attrs

from universe.results.rows import shown

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@attrs.frozen
class DateStyle:
    """How a publisher writes dates: a pattern with the groups year, month, day, and an example for messages."""

    pattern: re.Pattern[str]
    example: str

    def read(self, text: str) -> date | str:
        """Return the date, or what is wrong with the text."""
        match = self.pattern.fullmatch(text)
        if match is None:
            return f"no date such as {self.example} in {shown(text)}" if text else "the date is missing"
        parts = match.groupdict()
        try:
            day = date(_year(parts["year"]), _month(parts["month"]), int(parts["day"]))
        except ValueError:
            return f"there is no date {shown(text)}"
        label = parts.get("weekday")
        if label and label.lower() != _WEEKDAYS[day.weekday()]:
            return f"{day} is no {label}"
        return day

    def matches(self, text: str) -> bool:
        """Whether the text looks like a date of this style, though it may not exist."""
        return self.pattern.fullmatch(text) is not None


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text.lower()) + 1


ISO = DateStyle(
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(T[0-9:.]{1,20}Z?)?"), "2018-12-05"
)
MONTH_FIRST = DateStyle(re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})"), "12/05/2018")
DAY_FIRST = DateStyle(re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})"), "05/12/18")
NAMED_MONTH = DateStyle(re.compile(r"(?P<day>[0-9]{1,2})-(?P<month>[A-Za-z]{3})-(?P<year>[0-9]{4})"), "05-Dec-2018")
NAMED_WEEKDAY = DateStyle(
    re.compile(r"(?P<weekday>[A-Za-z]{3})\. (?P<month>[A-Za-z]{3}) (?P<day>[0-9]{1,2}), (?P<year>[0-9]{4})"),
    "Wed. Dec 05, 2018",
)
