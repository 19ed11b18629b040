"""From answers (frozen attrs classes) to the wire: JSON values, and the schemas that describe them.

One class is the source of both. An attribute with a trailing underscore travels without it (``from_`` is ``from``).
The rows of long lists are TypedDicts, made as they travel: a list of a hundred costs nothing more on its way.
"""

import types
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override
from pydantic import BaseModel, TypeAdapter, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict, is_typeddict

_PLAIN = {bool, int, float, str, type(None)}
SAFE_INTEGER_MAX = 2**53  # beyond it a client that reads numbers as doubles would round
DATES_MAX = 4_096  # whose texts are remembered
MOMENTS_MAX = 64  # as above: the same commit stands in every answer until the next

DateText = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]  # a date, as a row holds it


def safe_integer(value: int, largest: int) -> int | str:
    """Return a number of a family whose ``largest`` decides whether all of it travels as strings."""
    return str(value) if largest > SAFE_INTEGER_MAX else value


def to_wire(answer: attrs.AttrsInstance) -> dict[str, Any]:
    """Return the JSON document of an answer: plain dicts, lists, numbers and strings."""
    return cast(dict[str, Any], _converter().unstructure(answer))


def answer_schema(answer: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """Return the JSON schema of what ``to_wire`` makes of this class; descriptions come from ``Annotated`` fields."""
    adapter: TypeAdapter[Any] = TypeAdapter(_wire_type(answer))
    return _without_class_texts(adapter.json_schema(schema_generator=_SchemaWithoutTitles, mode="serialization"))


def argument_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments."""
    return _without_class_texts(arguments.model_json_schema(schema_generator=_SchemaWithoutTitles))


def _without_class_texts(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out names and docstrings of classes: they are for readers of the code, every field has its own words."""
    for shape in (schema, *schema.get("$defs", {}).values()):
        shape.pop("title", None)
        shape.pop("description", None)
    return schema


class _SchemaWithoutTitles(GenerateJsonSchema):
    """A title that repeats the field's name costs a model tokens and tells it nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False


def _wire_name(attribute: str) -> str:
    return attribute.removesuffix("_")


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(unstruct_collection_overrides={tuple: list})
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(datetime, utc_text)
    converter.register_unstructure_hook_func(_is_plain, identity)
    converter.register_unstructure_hook_func(_is_plain_tuple, list)

    @converter.register_unstructure_hook_factory(attrs.has)
    def renamed(answer: type[attrs.AttrsInstance]) -> Callable[[Any], dict[str, Any]]:
        names: dict[str, Any] = {
            field.name: override(rename=_wire_name(field.name))
            for field in attrs.fields(answer)
            if field.name != _wire_name(field.name)
        }
        return make_dict_unstructure_fn(answer, converter, **names)

    return converter


def _is_plain(hint: Any) -> bool:
    """Whether every value of this type is JSON as it is."""
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(hint) in (Union, types.UnionType, list):
        return all(map(_is_plain, get_args(hint)))
    return hint in _PLAIN or get_origin(hint) is Literal or is_typeddict(hint)


def _is_plain_tuple(hint: Any) -> bool:
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return get_origin(hint) is tuple and _is_plain(get_args(hint)[0])


@lru_cache(maxsize=DATES_MAX)
def date_text(day: date) -> str:
    """Return a date as ISO text; the rows of a list share a few dates."""
    return day.isoformat()


@lru_cache(maxsize=MOMENTS_MAX)
def utc_text(moment: datetime) -> str:
    """Return a UTC time as ISO text with Z, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _wire_type(answer: type[attrs.AttrsInstance]) -> Any:
    """Return the TypedDict of an answer's document."""
    hints = get_type_hints(answer, include_extras=True)
    fields = {_wire_name(field.name): _mapped(hints[field.name]) for field in attrs.fields(answer)}
    make_type: Any = TypedDict  # the functional form, with a name and fields that no type checker can read
    made = make_type(answer.__name__, fields)
    made.__doc__ = answer.__doc__
    return made


def _mapped(hint: Any) -> Any:
    """Return the hint with every attrs class in it replaced by its TypedDict."""
    if isinstance(hint, type) and attrs.has(hint):
        return _wire_type(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_mapped(parts[0]), *parts[1:])]
    if origin is tuple:
        return list[_mapped(parts[0])]  # type: ignore[misc]  # a type made at run time
    if origin in (Union, types.UnionType):
        return Union[tuple(_mapped(part) for part in parts)]  # noqa: UP007  # no operator joins types made at run time
    return hint
