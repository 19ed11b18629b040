"""The seed rule as three lines of shell, for whoever trusts no program."""

from universe.draws import ExplainedDraw
from universe.game import Game


def shell_check(draw: ExplainedDraw) -> str:
    """Return shell lines (sha256sum, bc, awk) that print the draw's numbers, or its rank where awk would round it."""
    game = draw.game
    lines = [
        f'G="{draw.message}"',
        f'r=$(echo "ibase=16; $(printf %s "$G" | sha256sum | cut -c1-32 | tr a-f A-F) % {game.outcomes:X}" | bc)',
    ]
    lines.append(_awk(game) if _fits_doubles(game) else "echo $r")
    return "\n".join(lines)


def _fits_doubles(game: Game) -> bool:
    """Return whether awk's numbers hold every product on the way to a binomial."""
    highest = max(game.main.outcomes * game.main.size, game.bonus_outcomes * max(game.bonus_size, 1), game.outcomes)
    return highest < 2**53


def _awk(game: Game) -> str:
    functions = (
        "function C(n,k,  i,x){x=1;for(i=1;i<=k;i++)x=x*(n-k+i)/i;return x} "
        "function U(m,k,n,A,  c,j){c=n-1;for(j=k;j>0;j--){while(C(c,j)>m)c--;m-=C(c,j);A[j]=c+1;c--}} "
    )
    main, size = game.main.picked, game.main.size
    steps = f'U(int(r/{game.bonus_outcomes}),{main},{size},M);o="";for(i=1;i<={main};i++){{o=o M[i] " ";S[M[i]]=1}};'
    if game.bonus is not None:
        left = size - main if game.bonus_from_rest else game.bonus_size
        steps += f'U(r%{game.bonus_outcomes},{game.bonus_picked},{left},B);o=o "+";'
        if game.bonus_from_rest:
            steps += f"n=0;for(i=1;i<={size};i++)if(!(i in S))L[++n]=i;"
            steps += f'for(i=1;i<={game.bonus_picked};i++)o=o " " L[B[i]];'
        else:
            steps += f'for(i=1;i<={game.bonus_picked};i++)o=o " " B[i];'
    return f"awk -v r=$r '{functions}BEGIN{{{steps}print o}}'"
