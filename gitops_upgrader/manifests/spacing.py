"""White space that parsers differ about, made such as all of them take.

YAML 1.2.2 (6.1, 6.2) allows tabs between tokens, and lines of a quoted text or a flow collection that stand one column
further in than the block around them; libyaml and Go's parsers take even less. Not all parsers take that much.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_STARTS: Final = frozenset({yaml.MappingStartEvent, yaml.SequenceStartEvent})
_ENDS: Final = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
_LINE: Final = re.compile(r"\n[ \t]*(?=\S|\Z)")


def plain(text: str) -> str:
    """A document that reads the same, with no tabs between tokens and with all lines far enough in.

    Only white space is changed that no value has: between tokens, and where YAML folds the lines of a text. What is no
    YAML is returned as it is.
    """
    pieces: list[str] = []
    columns: list[int] = []
    done = 0
    try:
        event: Any  # PyYAML's stubs allow events without marks, which no parser makes
        for event in yaml.parse(text, yaml.CSafeLoader):
            kind, start, end = type(event), event.start_mark.index, event.end_mark.index
            column = columns[-1] if columns else 0
            if kind is yaml.ScalarEvent:
                quoted = event.style in {"'", '"'}
                value = text[start:end]
                pieces += [_gap(text[done:start], column)]
                pieces += [_indented(value, column or event.start_mark.column + 1) if quoted else value]
                done = end
            elif kind in _STARTS:
                columns.append(column or (event.start_mark.column + 1 if event.flow_style else 0))
                pieces += [_gap(text[done:start], column)]
                done = start
            elif kind in _ENDS:
                if column:
                    pieces += [_gap(text[done:end], column)]
                    done = end
                columns.pop()
    except yaml.YAMLError:
        return text
    return "".join((*pieces, _gap(text[done:], 0)))


def _gap(text: str, column: int) -> str:
    """What stands between two tokens; `column` is how far in the lines of a flow collection go, 0 outside of one."""
    spaced = text.replace("\t", " ")
    return _indented(spaced, column) if column else spaced


def _indented(text: str, column: int) -> str:
    return _LINE.sub("\n" + " " * column, text)
