#!/usr/bin/env python3
"""Seeds for libFuzzer's parser target: every statement of the SQL corpus, and the keywords as a dictionary.

    tests/fuzz/parser_seeds.py FOLDER     the dictionary is FOLDER.dict
"""
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "sql"))
import corpus  # noqa: E402

KEYWORD = re.compile(r'TM_KEYWORD\(\w+, "(\w+)"')


def main():
    folder = pathlib.Path(sys.argv[1])
    statements = {block.sql for path in corpus.files() for block in corpus.read(path).runnable()}
    for sql in statements:
        seed = b"\0" + sql.encode()  # the first byte chooses the parser's options
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = KEYWORD.findall((ROOT / "src" / "sql" / "detail" / "keywords.inc").read_text())
    symbols = ["|>", "->", "=>", "::", "<=>", "||", "/*+", "*/", "--", "$$", "r'", "X'", "1.5BD", "1E400", "{", "}", "?"]
    folder.with_suffix(".dict").write_text("".join(f'"{word}"\n' for word in words + symbols))
    print(f"{len(statements)} seeds, {len(words)} keywords")


if __name__ == "__main__":
    main()
