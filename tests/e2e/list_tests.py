"""Prints "FILE CLASS.TEST" for each test of the files named, for CMake: list_tests.py test_run.py ..."""
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def tests_of(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests_of(each)
        elif isinstance(each, unittest.loader._FailedTest):
            sys.exit(f"{each._testMethodName} cannot be loaded: {each._exception}")
        else:
            yield each


def main():
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE))
    for file in sys.argv[1:]:
        for test in tests_of(unittest.defaultTestLoader.loadTestsFromName(Path(file).stem)):
            # "test_run.Run.test_a_port_in_use_is_106"
            print(file, test.id().partition(".")[2])


if __name__ == "__main__":
    main()
