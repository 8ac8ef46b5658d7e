"""Plants one violation at a time in a small tree and expects the lint to name its place."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import lint  # noqa: E402

ARCHITECTURE = """# Architecture

| folder | responsibility | may include |
|---|---|---|
| src/base | units | |
| src/engine | shards | base |
| src/app | commands | base, engine, probes/postgres |
| probes/postgres | pg_stat_activity | base |

| library | headers | only in |
|---|---|---|
| Boost.Asio, Beast | boost/asio, boost/beast | src/engine |
| libpq | libpq-fe.h | probes/postgres |
"""

CLEAN = {
    "docs/architecture.md": ARCHITECTURE,
    "src/base/units.hpp": "#pragma once\n#include <chrono>\n",
    "src/base/CMakeLists.txt": "",
    "src/base/README.md": "# base\n",
    "src/engine/shard.hpp": '#pragma once\n#include "base/units.hpp"\n',
    "src/engine/shard.cpp": '#include "engine/shard.hpp"\n#include <boost/asio/io_context.hpp>\n',
    "probes/postgres/probe.cpp": '#include "base/units.hpp"\n#include <libpq-fe.h>\n',
    "src/app/main.cpp": '#include "probes/postgres/probe.hpp"\n#include "engine/shard.hpp"\n',
    "tests/unit/a_test.cpp": '#include "engine/shard.hpp"\n#include <libpq-fe.h>\nTEST(A, B) {}\n',
    "web/package-lock.json": '{"packages": {"x": {"version": "1.0.0", "funding": {"url": "https://x.example"}}}}\n',
}


def plant(folder: str, changes: dict[str, str | None]) -> None:
    """Writes the clean tree with these changes; None leaves a file out."""
    for name, text in {**CLEAN, **changes}.items():
        if text is not None:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


class Lint(unittest.TestCase):
    def lint(self, changes: dict[str, str | None]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            plant(folder, changes)
            return [str(violation) for violation in lint.lint(Path(folder))]

    def expect(self, changes: dict[str, str | None], *messages: str) -> None:
        self.assertEqual(self.lint(changes), list(messages))

    def test_finds_nothing_in_a_clean_tree(self) -> None:
        self.expect({})

    def test_names_file_and_line_of_an_include_that_crosses(self) -> None:
        self.expect({"src/base/units.hpp": '#pragma once\n\n#include "engine/shard.hpp"\n'},
                    'src/base/units.hpp:3: src/base may not include src/engine ("engine/shard.hpp")')

    def test_sees_a_crossing_include_however_it_is_written(self) -> None:
        for line in ('#include <engine/shard.hpp>', '  #  include "engine/shard.hpp"',
                     '#include "../engine/shard.hpp"', '#include "src/engine/shard.hpp"'):
            with self.subTest(line):
                self.assertEqual(len(self.lint({"src/base/units.hpp": line + "\n"})), 1)

    def test_sees_a_crossing_include_of_a_header_that_the_build_makes(self) -> None:
        self.expect({"src/base/units.hpp": '#include "engine/made.hpp"\n'},
                    'src/base/units.hpp:1: src/base may not include src/engine ("engine/made.hpp")')

    def with_rooms(self, rows: str, **files: str) -> list[str]:
        table = "\n| room | responsibility | may include |\n|---|---|---|\n" + rows
        rooms = {"src/engine/users/users.hpp": "", "src/engine/http1/http1.hpp": '#include "engine/users/users.hpp"\n'}
        return self.lint({"docs/architecture.md": ARCHITECTURE + table, **rooms,
                          **{name.replace("__", "/") + ".hpp": text for name, text in files.items()}})

    ROOMS = "| src/engine/users | when | |\n| src/engine/http1 | how | src/engine/users |\n"

    def test_lets_a_room_include_what_its_row_says(self) -> None:
        self.assertEqual(self.with_rooms(self.ROOMS), [])

    def test_keeps_the_rooms_of_a_module_apart(self) -> None:
        self.assertEqual(self.with_rooms(self.ROOMS, src__engine__users__user='#include "engine/http1/http1.hpp"\n'),
                         ['src/engine/users/user.hpp:1: src/engine/users may not include src/engine/http1 '
                          '("engine/http1/http1.hpp")'])

    def test_lets_no_room_include_what_stands_above_it(self) -> None:
        self.assertEqual(self.with_rooms(self.ROOMS, src__engine__users__user='#include "../shard.hpp"\n'),
                         ['src/engine/users/user.hpp:1: src/engine/users may not include what stands above it '
                          '("../shard.hpp")'])

    def test_finds_a_circle_of_rooms(self) -> None:
        found = self.with_rooms(self.ROOMS.replace("| when | |", "| when | src/engine/http1 |"))
        self.assertEqual(found, ["docs/architecture.md:0: the table of rooms has a cycle: "
                                 "src/engine/http1 -> src/engine/users -> src/engine/http1"])

    def test_wants_a_row_for_each_room(self) -> None:
        self.assertEqual(self.with_rooms(self.ROOMS, src__engine__more__more=""),
                         ["src/engine/more:0: has no row in the table of rooms of docs/architecture.md"])
        self.assertEqual(self.with_rooms(self.ROOMS + "| src/engine/gone | nothing | |\n"),
                         ["docs/architecture.md:0: the table of rooms has src/engine/gone, which holds no source"])

    def test_finds_the_functions_of_a_requests_life(self) -> None:
        life = ARCHITECTURE + "\n| what happens | function | file |\n|---|---|---|\n| it is sent | `Shard::send` | {} |\n"
        source = '#include "engine/shard.hpp"\nvoid Shard::send() {\n}\n'
        header = "#pragma once\nclass Shard {\n    void send();\n};\n"
        files = {"src/engine/shard.cpp": source, "src/engine/shard.hpp": header}
        for path in files:
            self.expect({"docs/architecture.md": life.format(path), **files})
        self.expect({"docs/architecture.md": life.format("src/engine/shard.cpp"),
                     "src/engine/shard.cpp": source.replace("send", "transmit")},
                    "docs/architecture.md:0: Shard::send is not in src/engine/shard.cpp")
        self.expect({"docs/architecture.md": life.format("src/engine/shard.hpp"),
                     "src/engine/shard.hpp": header.replace("send", "sender")},
                    "docs/architecture.md:0: Shard::send is not in src/engine/shard.hpp")
        self.expect({"docs/architecture.md": life.format("src/engine/gone.cpp")},
                    "docs/architecture.md:0: Shard::send is not in src/engine/gone.cpp")

    def test_engine_may_not_see_a_probe(self) -> None:
        self.expect({"src/engine/shard.hpp": '#include "probes/postgres/probe.hpp"\n'},
                    'src/engine/shard.hpp:1: src/engine may not include probes/postgres ("probes/postgres/probe.hpp")')

    def test_permission_is_not_passed_on(self) -> None:
        table = ARCHITECTURE.replace("| src/app | commands | base, engine, probes/postgres |",
                                     "| src/app | commands | engine, probes/postgres |")
        self.expect({"docs/architecture.md": table, "src/app/main.cpp": '#include "base/units.hpp"\n'},
                    'src/app/main.cpp:1: src/app may not include src/base ("base/units.hpp")')

    def test_confines_third_party_headers(self) -> None:
        self.expect({"src/app/main.cpp": "#include <libpq-fe.h>\n#include <boost/beast/core.hpp>\n"},
                    "src/app/main.cpp:1: libpq is confined to probes/postgres (<libpq-fe.h>)",
                    "src/app/main.cpp:2: Boost.Asio, Beast is confined to src/engine (<boost/beast/core.hpp>)")

    def test_confines_a_library_to_one_file_of_a_module(self) -> None:
        table = ARCHITECTURE + "| CLI11 | CLI/ | src/app/line.cpp |\n"
        self.expect({"docs/architecture.md": table, "src/app/line.cpp": "#include <CLI/CLI.hpp>\n",
                     "src/app/run.cpp": "#include <CLI/CLI.hpp>\n"},
                    "src/app/run.cpp:1: CLI11 is confined to src/app/line.cpp (<CLI/CLI.hpp>)")

    def test_wants_a_readme_in_a_built_module(self) -> None:
        self.expect({"src/base/README.md": None},
                    "src/base:0: has no README.md (what it is for, what it may include, where to add the next one)")

    def test_wants_every_module_in_the_table(self) -> None:
        self.expect({"exporters/carrier_pigeon/send.cpp": ""},
                    "exporters/carrier_pigeon:0: has no row in the module table of docs/architecture.md")

    def test_refuses_a_cycle_in_the_table(self) -> None:
        self.expect({"docs/architecture.md": ARCHITECTURE.replace("| units | |", "| units | app |")},
                    "docs/architecture.md:0: the module table has a cycle: "
                    "probes/postgres -> src/base -> src/app -> probes/postgres")

    def test_refuses_a_table_that_names_an_unknown_module(self) -> None:
        self.expect({"docs/architecture.md": ARCHITECTURE.replace("| shards | base |", "| shards | bass |")},
                    "docs/architecture.md:0: module table: src/engine may include src/bass, which has no row")

    def test_refuses_a_page_without_tables(self) -> None:
        self.expect({"docs/architecture.md": "# Architecture\n"},
                    "docs/architecture.md:0: the module table or the third-party table is missing")

    def test_finds_postponed_work(self) -> None:
        word = "TO" + "DO"
        self.expect({"README.md": f"# x\n\n{word}: write this\n"},
                    f"README.md:3: {word}: finish it, or say in docs what is missing")
        self.assertEqual(len(self.lint({"src/base/units.hpp": "// FIX" + "ME(me)\n"})), 1)
        self.expect({"README.md": "a mastodon's to-do list\n"})

    def test_finds_skipped_and_disabled_tests(self) -> None:
        for text in ("TEST(A, B) { GTEST" + "_SKIP(); }", "TEST(A, DISABLED" + "_B) {}", "@unittest" + ".skip",
                     "self.skip" + "Test('x')", "test" + ".only('x', () => {})"):
            with self.subTest(text):
                found = self.lint({"tests/unit/b_test.cpp": "\n" + text + "\n"})
                self.assertEqual(len(found), 1)
                self.assertTrue(found[0].startswith("tests/unit/b_test.cpp:2: "), found)

    def test_finds_registry_hosts_in_lock_files(self) -> None:
        host = "https://registry" + ".example"
        for name, text in (("web/package-lock.json", '{\n"resolved": "%s/x.tgz"\n}' % host),
                           ("web/.npmrc", f"a=b\nregistry={host}\n"),
                           ("web/yarn.lock", f'x:\n  resolved "{host}/x.tgz"\n')):
            with self.subTest(name):
                found = self.lint({name: text})
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(f"{name}:2: names a package registry"), found)

    def test_finds_links_that_lead_nowhere(self) -> None:
        self.expect({"docs/a.md": "[here](b.md), [out](https://example.org/x)\n[gone](c.md#part)\n", "docs/b.md": "[up](../docs)\n"},
                    "docs/a.md:2: the link to c.md leads nowhere")

    def test_compares_exit_codes_with_their_page(self) -> None:
        code = "enum class ExitCode : int {\n    Passed = 0,\n    Unreachable = 112,  // why\n};\n"
        page = "| 0 | Passed | x |\n| %s | Unreachable | y |\n"
        self.expect({"src/app/exit_code.hpp": code, "docs/exit-codes.md": page % 112})
        self.expect({"src/app/exit_code.hpp": code, "docs/exit-codes.md": page % 113},
                    "docs/exit-codes.md:0: 112 Unreachable: only src/app/exit_code.hpp has it",
                    "docs/exit-codes.md:0: 113 Unreachable: only this page has it")

    def test_finds_sources_that_are_too_long(self) -> None:
        line = "int x;\n"
        self.expect({"src/engine/a.cpp": 400 * line, "tests/unit/a_test.cpp": 500 * line, "docs/a.md": 500 * line})
        message = "401 lines, of 400 at most: make it several files, or say in tests/lint/long_sources.txt why it is one"
        for path in ("src/engine/a.cpp", "src/engine/deep/a.hpp", "probes/postgres/a.h", "src/app/web/a.js",
                     "src/app/a.py"):
            with self.subTest(path):
                self.expect({path: 401 * line}, f"{path}:401: {message}")

    def test_takes_a_reason_for_a_long_source(self) -> None:
        long = {"src/engine/a.cpp": 401 * "int x;\n"}
        reasons = "tests/lint/long_sources.txt"
        self.expect({**long, reasons: "# why\n\nsrc/engine/a.cpp: one table\n"})
        self.expect({**long, reasons: "src/engine/a.cpp:\n"},
                    f"{reasons}:1: src/engine/a.cpp has no reason; write path: reason")
        self.expect({**long, reasons: "src/engine/a.cpp\n"},
                    f"{reasons}:1: src/engine/a.cpp has no reason; write path: reason")
        self.assertEqual(len(self.lint({**long, reasons: "src/engine: one table\n"})), 2)

    def test_refuses_a_reason_that_is_not_needed(self) -> None:
        reasons = "tests/lint/long_sources.txt"
        self.expect({reasons: "src/engine/shard.cpp: one table\nsrc/engine/gone.cpp: one table\n"},
                    f"{reasons}:1: src/engine/shard.cpp has 2 lines: it needs no reason any more",
                    f"{reasons}:2: src/engine/gone.cpp is no source of the program")

    def test_leaves_out_what_git_ignores(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            word = "TO" + "DO\n"
            plant(folder, {".gitignore": "/made/\n", "made/x.md": word, "new.md": word})
            subprocess.run(["git", "init", "-q", folder], check=True)
            self.assertEqual([violation.path for violation in lint.lint(Path(folder))], ["new.md"])

    def test_exits_1_when_it_found_something_and_0_when_not(self) -> None:
        for changes, status in (({}, 0), ({"src/base/README.md": None}, 1)):
            with tempfile.TemporaryDirectory() as folder, self.subTest(status=status):
                plant(folder, changes)
                ran = subprocess.run([sys.executable, lint.__file__, folder], capture_output=True, check=False)
                self.assertEqual(ran.returncode, status, ran.stdout)


if __name__ == "__main__":
    unittest.main()
