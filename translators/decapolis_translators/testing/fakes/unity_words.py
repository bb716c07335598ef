"""The tokens of a statement, and what is said of one that fails."""

from __future__ import annotations

from sqlglot import Token, TokenType


class SqlError(Exception):
    """A statement that fails: the class of the error, its SQLSTATE and what it says."""

    def __init__(self, name: str, state: str, message: str) -> None:
        super().__init__(f"[{name}] {message} SQLSTATE: {state}")
        self.state = state


class Words:
    """The tokens of a statement, one after another."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def take(self, *words: str) -> bool:
        """Goes behind these words where they are next."""
        ahead = self._tokens[self._at : self._at + len(words)]
        if [each.text.upper() for each in ahead] != list(words):
            return False
        self._at += len(words)
        return True

    def demand(self, *words: str) -> None:
        """Goes behind these words, which must be next."""
        if not self.take(*words):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"expected {' '.join(words)}")

    def path(self) -> list[str]:
        """Identifiers between dots."""
        names = [self._next().text]
        while self._at < len(self._tokens) and self._tokens[self._at].token_type is TokenType.DOT:
            self._at += 1
            names.append(self._next().text)
        return names

    def string(self) -> str:
        """A literal."""
        token = self._next()
        if token.token_type is not TokenType.STRING:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "a string is expected")
        return token.text

    def rest(self) -> str:
        """What is left, as text."""
        left = self._tokens[self._at :]
        self._at = len(self._tokens)
        return " ".join(f"`{each.text}`" if each.token_type is TokenType.IDENTIFIER else each.text for each in left)

    def demand_end(self) -> None:
        """Nothing may be left."""
        if self._at < len(self._tokens):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"unexpected {self.rest()}")

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "the statement ends too early")
        self._at += 1
        return self._tokens[self._at - 1]
