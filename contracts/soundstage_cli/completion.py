"""`soundstage completion`: shell scripts that complete commands, vendors, capabilities, options and values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage_cli.candidates import Candidate

HELP = "print a script that makes a shell complete vendors, capabilities, options and values"

_EPILOG: Final = """\
The script runs soundstage at each Tab, so that completion always matches the installed version.

examples:
  soundstage completion bash > ~/.local/share/bash-completion/completions/soundstage
  soundstage completion zsh > "${fpath[1]}/_soundstage"
  soundstage completion fish > ~/.config/fish/completions/soundstage.fish
  eval "$(soundstage completion bash)"                     for this shell only
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
"""Characters, beside spaces, at which bash starts a new word to complete (its COMP_WORDBREAKS)."""
_BASH_SPECIAL: Final = frozenset(" \t\"'\\$`!&|;<>(){}[]*?#~")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shell; the options that the scripts use are hidden from the help."""
    parser.epilog = _EPILOG
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="the shell to print a script for")
    parser.add_argument("--line", help=argparse.SUPPRESS)
    parser.add_argument("--words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Print a script, or the completions that a script requests."""
    if args.line is not None:
        for word in complete_bash(args.line):
            print(word)
    elif args.words is not None:
        from soundstage_cli.candidates import candidates

        if not args.words:
            raise UsageError(
                "--words is empty; allowed: the words of the command line, the last one may be an empty string"
            )
        *words, current = args.words
        for found in candidates(words, current.strip("\"'").replace("\\", "")):
            print(found.word, _first_sentence(found), sep="\t")
    else:
        print(_SCRIPTS[args.shell], end="")
    return 0


def _first_sentence(found: Candidate) -> str:
    return found.description.partition(". ")[0].partition("; ")[0].rstrip(".")


def complete_bash(line: str) -> Iterator[str]:
    """Yield the completions of the last word of *line*, quoted in the same way as that word.

    Args:
        line: The command up to the cursor.
    """
    from soundstage_cli.candidates import candidates

    words, quote = split_words(line)
    *before, current = words
    # bash replaces only the part after its last word break, so the part before it must not be repeated.
    done = 0 if quote else max((current.rfind(mark) for mark in _BASH_WORD_BREAKS), default=-1) + 1
    for found in candidates(before[1:], current):
        yield quote_word(found.word[done:], quote)


def split_words(line: str) -> tuple[list[str], str]:
    """Return the words of *line* without quotes, and the quote that is open at its end; the last word is incomplete."""
    # shlex cannot do this: it fails at an open quote, and completion must know which quote is open.
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
    """Return *word* escaped for a shell, inside an open *quote* or, if that is empty, outside of quotes."""
    if quote:
        return "".join(f"\\{one}" if quote == '"' and one in '"\\$`' else one for one in word)
    return "".join(f"\\{one}" if one in _BASH_SPECIAL else one for one in word)


_SCRIPTS: Final[Mapping[str, str]] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
