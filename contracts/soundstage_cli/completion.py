"""`soundstage completion`: what a shell needs to complete commands, vendors, capabilities, options and values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_cli.candidates import Candidate

HELP = "print what makes a shell complete vendors, capabilities, options and values"

_EPILOG: Final = """\
The shell asks soundstage itself at each Tab, so that what is completed is what this version can do.

examples:
  soundstage completion bash > ~/.local/share/bash-completion/completions/soundstage
  soundstage completion zsh > "${fpath[1]}/_soundstage"
  soundstage completion fish > ~/.config/fish/completions/soundstage.fish
  eval "$(soundstage completion bash)"                     for this shell alone
"""
_BASH: Final = r"""# Completes soundstage; made by: soundstage completion bash
_soundstage() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]/#\~/$HOME}" completion bash --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o default -F _soundstage soundstage
"""
_ZSH: Final = r"""#compdef soundstage
# Completes soundstage; made by: soundstage completion zsh
_soundstage() {
    local line
    local -a lines described
    lines=("${(@f)$("${(Q)words[1]}" completion zsh --words "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    for line in $lines; do
        described+=("${${${line%%$'\t'*}//:/\\:}}${${line#*$'\t'}:+:${line#*$'\t'}}")
    done
    if (( $#described )); then
        _describe soundstage described
    else
        _files
    fi
}
if [[ "$funcstack[1]" == _soundstage ]]; then
    _soundstage "$@"
else
    compdef _soundstage soundstage
fi
"""
_FISH: Final = r"""# Completes soundstage; made by: soundstage completion fish
function __soundstage_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($words[1] completion fish --words $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path $current
    end
end
complete -c soundstage -f -a '(__soundstage_complete)'
"""
_BASH_WORD_BREAKS: Final = "\"'><=;|&(:"
"""Where bash begins a new word to complete (its COMP_WORDBREAKS), beside spaces."""
_BASH_SPECIAL: Final = frozenset(" \t\"'\\$`!&|;<>(){}[]*?#~")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shell; what the scripts ask with is no matter of people's."""
    parser.epilog = _EPILOG
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="whose script to print")
    parser.add_argument("--line", help=argparse.SUPPRESS)
    parser.add_argument("--words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Print a script, or what it asks for."""
    if args.line is not None:
        for word in complete_bash(args.line):
            print(word)
    elif args.words is not None:
        from soundstage_cli.candidates import candidates

        if not args.words:
            raise UsageError("--words has none; the last one is what is being typed, and may be empty")
        *words, current = args.words
        for found in candidates(words, current.strip("\"'").replace("\\", "")):
            print(found.word, _first_sentence(found), sep="\t")
    else:
        print(_SCRIPTS[args.shell], end="")
    return 0


def _first_sentence(found: Candidate) -> str:
    return found.description.partition(". ")[0].partition("; ")[0].rstrip(".")


def complete_bash(line: str) -> Iterator[str]:
    """Yield what bash puts in the place of the word that *line* ends in, quote_word as that word is.

    Args:
        line: The command up to the cursor.
    """
    from soundstage_cli.candidates import candidates

    words, quote = split_words(line)
    *before, current = words
    done = 0 if quote else max((current.rfind(mark) for mark in _BASH_WORD_BREAKS), default=-1) + 1
    for found in candidates(before[1:], current):
        yield quote_word(found.word[done:], quote)


def split_words(line: str) -> tuple[list[str], str]:
    """Return the words of *line* without their quotes, the last being what is typed now, and the quote it is in."""
    words, quote, escaped = [""], "", False
    for character in line:
        if escaped:
            words[-1] += character
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote, words[-1] = ("", words[-1]) if character == quote else (quote, words[-1] + character)
        elif character in "\"'":
            quote = character
        elif character.isspace():
            words += [""] if words[-1] else []
        else:
            words[-1] += character
    return words, quote


def quote_word(word: str, quote: str) -> str:
    """Return *word* as it stands in a command line, inside of *quote* or outside of any."""
    if quote:
        return "".join(f"\\{one}" if quote == '"' and one in '"\\$`' else one for one in word)
    return "".join(f"\\{one}" if one in _BASH_SPECIAL else one for one in word)


_SCRIPTS: Final[Mapping[str, str]] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
