"""plimsoll find refuses what cannot be, before anything is sent."""
import unittest

from harness import run_plimsoll


class FindFlags(unittest.TestCase):
    def refused(self, text, *flags):
        done = run_plimsoll("find", "http://127.0.0.1:1/", *flags, check=104)
        self.assertIn(text, done.stderr)

    def test_names_the_flag_that_is_wrong_and_what_it_should_be(self):
        self.refused("--precision: must be a percentage, got \"5\"", "--precision", "5")
        self.refused("--precision: must be from 1% to 100%", "--precision", "0.1%")
        self.refused("--budget: must be at least 30s", "--budget", "10s")
        self.refused("--max: must not be below --start", "--start", "50/s", "--max", "20/s")
        self.refused("--start: with --users it must be a number of users", "--users", "--start", "50/s")

    def test_says_that_a_target_is_not_there(self):
        run_plimsoll("find", "http://127.0.0.1:1/", check=112)


if __name__ == "__main__":
    unittest.main(verbosity=2)
