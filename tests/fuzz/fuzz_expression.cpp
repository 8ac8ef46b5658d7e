// libFuzzer: any bytes as a text with expressions, a condition and a JSONPath; what compiles is
// run.
#include "scenario/flow.hpp"
#include "scenario/response.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace plimsoll;

void run(std::string_view text) {
    static const std::vector<std::string> names{"n", "token", "unset"};
    static const std::vector<Variable> values{
        {ValueType::Number, "41"}, {ValueType::Text, "t\"oken"}, {}};
    TemplateScope scope;
    scope.variables = names;
    Random random(1, 2, 3);
    std::string missing;
    RenderContext context;
    context.variables = values;
    context.random = &random;
    context.missing = &missing;
    std::string out;
    if (const auto compiled = Template::compile(text, scope)) {
        for (const Encoding encoding : {Encoding::None, Encoding::JsonValue, Encoding::Query}) {
            out.clear();
            static_cast<void>(compiled->encoded(encoding).render(context, out));
        }
    }
    if (const auto condition = Condition::compile(text, scope)) {
        static_cast<void>(condition->holds(context, out));
    }
    if (const auto path = Selector::compile(Selector::Kind::JsonPath, text)) {
        static ResponseReader reader;
        ResponseView view;
        view.body = R"({"a":[{"k":"v","n":1},{"k":"w"}],"b":{"c":null}})";
        reader.reset(view);
        Variable value;
        static_cast<void>(path->select(reader, value, out));
    }
    static_cast<void>(Selector::compile(Selector::Kind::JsonPointer, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 4096;
    if (size <= kLongest) {
        run({reinterpret_cast<const char*>(data), size});
    }
    return 0;
}
