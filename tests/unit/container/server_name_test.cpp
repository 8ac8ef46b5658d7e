#include "probes/container/server_name.hpp"

#include <initializer_list>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

/// As /proc/PID/cmdline has it.
std::string line(std::initializer_list<std::string_view> arguments) {
    std::string text;
    for (const std::string_view argument : arguments) {
        text.append(argument).push_back('\0');
    }
    return text;
}

TEST(ServerName, IsThatOfTheServerAnInterpreterRuns) {
    EXPECT_EQ(server_name("python", line({"python", "-m", "gunicorn", "shop.wsgi"})), "gunicorn");
    EXPECT_EQ(server_name("python3.11", line({"/venv/bin/python3", "/venv/bin/gunicorn", "app"})),
              "gunicorn");
    EXPECT_EQ(server_name("python3", line({"python3", "-u", "-m", "uvicorn", "app:app"})),
              "uvicorn");
    EXPECT_EQ(server_name("ruby", line({"ruby", "/usr/bin/puma", "-t", "5"})), "puma");
}

TEST(ServerName, IsUvicornWhereThatIsGunicornsWorkerClass) {
    EXPECT_EQ(server_name("gunicorn: maste",
                          line({"gunicorn: master [app]", "-k", "uvicorn.workers.UvicornWorker"})),
              "uvicorn");
    EXPECT_EQ(server_name("python", line({"python", "-m", "gunicorn", "-k",
                                          "uvicorn_worker.UvicornWorker", "app"})),
              "uvicorn");
}

TEST(ServerName, GivesNothingElseOfACommandLineBack) {
    EXPECT_EQ(server_name("python", line({"python", "--password=secret", "serve.py"})), "python");
    EXPECT_EQ(server_name("python", line({"python", "-m"})), "python");
    EXPECT_EQ(server_name("node", line({"node", "gunicorn"})), "node");
    EXPECT_EQ(server_name("java", ""), "java");
}

}  // namespace
}  // namespace plimsoll
