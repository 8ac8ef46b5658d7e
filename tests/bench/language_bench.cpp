// What the scenario language costs for each request, and what reading a large file costs. Prints
// one line a figure; ends with 1 where a figure misses its bound. Meant for a release build:
//   cmake --build --preset release --target language_bench && build/release/language_bench
#include "scenario/parse.hpp"
#include "scenario/response.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace plimsoll {
namespace {

using Seconds = std::chrono::duration<double>;

/// The best of several rounds, in nanoseconds for one call: what disturbs only ever adds.
template <typename Work>
double nanoseconds(int calls, Work work) {
    double best = 1e18;
    for (int round = 0; round < 7; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int call = 0; call < calls; ++call) {
            work();
        }
        const Seconds took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() * 1e9 / calls);
    }
    return best;
}

bool report(const char* what, double value, double bound, const char* unit) {
    std::printf("%-58s %10.1f %s (at most %.0f)%s\n", what, value, unit, bound,
                value <= bound ? "" : "  MISSED");
    return value <= bound;
}

bool rendering() {
    const std::vector<std::string> names{"id", "token", "n"};
    const std::vector<Variable> values{{ValueType::Text, "8f14e45f"},
                                       {ValueType::Text, "a-token-of-thirty-characters-."},
                                       {ValueType::Number, "41"}};
    TemplateScope scope;
    scope.variables = names;
    Random random(1, 2, 3);
    RenderContext context;
    context.variables = values;
    context.random = &random;
    std::string out;
    out.reserve(4096);
    const Template path = Template::compile("/v1/things/${id}?page=${random_int(1,50)}", scope)
                              ->encoded(Encoding::Path);
    const Template header = Template::compile("Bearer ${token}", scope)->encoded(Encoding::Header);
    const Template body = Template::compile("{\"name\":\"d-${uuid()}\",\"n\":${n + 1}}", scope)
                              ->encoded(Encoding::None);
    const double step = nanoseconds(200'000, [&] {
        out.clear();
        static_cast<void>(path.render(context, out) && header.render(context, out) &&
                          body.render(context, out));
    });
    return report("render a step with five expressions", step, 500, "ns");
}

bool reading() {
    ResponseReader reader;
    ResponseView view;
    view.status = 201;
    view.body =
        R"({"id":"8f14e45f-ceea-467f-a8d2-6f1c1f0b1a2b","status":"running","n":12,"ok":true,"t":"2026-01-01"})";
    const Selector pointer = *Selector::compile(Selector::Kind::JsonPointer, "/id");
    const Selector regex = *Selector::compile(Selector::Kind::Regex, "\"status\":\"([a-z]+)\"");
    Variable value;
    std::string why;
    const double capture = nanoseconds(200'000, [&] {
        reader.reset(view);
        static_cast<void>(pointer.select(reader, value, why));
    });
    const double match = nanoseconds(200'000, [&] {
        reader.reset(view);
        static_cast<void>(regex.select(reader, value, why));
    });
    const bool good = report("capture by JSON pointer from 100 bytes", capture, 1000, "ns");
    return report("capture by regular expression from 100 bytes", match, 2000, "ns") && good;
}

std::string large_file(int lines) {
    std::string text =
        "target: http://127.0.0.1:8080\nload: [{executor: constant-vus, vus: 5, duration: 1s}]\n"
        "users:\n";
    int line = 3;
    for (int user = 0; line < lines; ++user) {
        text += "  user" + std::to_string(user) + ":\n    weight: 3\n    flow:\n";
        line += 3;
        for (int step = 0; step < 25 && line < lines; ++step) {
            const std::string number = std::to_string(user) + "/" + std::to_string(step);
            text += "      - post: /v1/things/" + number + "\n        name: \"thing " + number +
                    "\"\n        headers: {X-Id: \"${uuid()}\"}\n"
                    "        json:\n          name: \"d-${uuid()}\"\n"
                    "          n: ${random_int(1,100)}\n          tags: [a, b, c]\n"
                    "        expect: {status: [200, 201]}\n";
            line += 8;
        }
    }
    return text;
}

bool validating() {
    const std::string text = large_file(10'000);
    bool valid = true;
    const double ns =
        nanoseconds(1, [&] { valid = parse_scenario(text, {}).scenario.has_value() && valid; });
    if (!valid) {
        std::printf("the large file is not valid\n");
    }
    return report("validate a file of 10,000 lines", ns / 1e6, 300, "ms") && valid;
}

}  // namespace
}  // namespace plimsoll

int main() {
    const bool good = plimsoll::rendering();
    const bool better = plimsoll::reading() && good;
    return plimsoll::validating() && better ? 0 : 1;
}
