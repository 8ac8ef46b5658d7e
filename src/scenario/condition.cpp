#include "scenario/comparison.hpp"
#include "scenario/expression.hpp"
#include "scenario/flow.hpp"
#include "scenario/trimmed.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Sign {
    std::string_view text;
    Condition::Op op;
};
// Longer ones first: <= before <.
constexpr std::array kSigns{
    Sign{"==", Condition::Op::Equals},      Sign{"!=", Condition::Op::NotEquals},
    Sign{"<=", Condition::Op::LessOrEqual}, Sign{">=", Condition::Op::GreaterOrEqual},
    Sign{"<", Condition::Op::Less},         Sign{">", Condition::Op::Greater}};

struct Place {
    std::size_t at = std::string_view::npos;
    Sign sign{};
};

// The first comparison that stands outside ${...} and quotes.
Place find_sign(std::string_view text) {
    char quote = '\0';
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (quote != '\0') {
            quote = text[at] == quote ? '\0' : quote;
            continue;
        }
        if (text[at] == '\'' || text[at] == '"') {
            quote = text[at];
        } else if (text.substr(at).starts_with("${")) {
            at = std::min(expression_end(text, at), text.size() - 1);
        } else {
            for (const Sign& sign : kSigns) {
                if (text.substr(at).starts_with(sign.text)) {
                    return {at, sign};
                }
            }
        }
    }
    return {};
}

std::string_view unquoted(std::string_view side) {
    const bool quoted = side.size() >= 2 && (side.front() == '\'' || side.front() == '"') &&
                        side.back() == side.front();
    return quoted ? side.substr(1, side.size() - 2) : side;
}

bool is_true(std::string_view text) {
    return !text.empty() && text != "0" && text != "false" && text != "null";
}

constexpr const char* kConditionExample = R"(e.g. if: "${role} == admin", or if: "${token}")";

}  // namespace

Result<Condition> Condition::compile(std::string_view text, const TemplateScope& scope) {
    Condition condition;
    text = trimmed(text);
    const Place place = find_sign(text);
    std::string_view left = trimmed(text.substr(0, std::min(place.at, text.size())));
    if (place.at == std::string_view::npos) {
        for (const std::string_view word : {std::string_view("not "), std::string_view("!")}) {
            if (left.starts_with(word)) {
                condition.negated = true;
                left = trimmed(left.substr(word.size()));
            }
        }
    } else {
        const std::string_view right = trimmed(text.substr(place.at + place.sign.text.size()));
        condition.op = place.sign.op;
        if (right.empty() || find_sign(right).at != std::string_view::npos) {
            return Error{
                fmt::format("{} is not a condition", in_quotes(text)), {}, kConditionExample};
        }
        auto compiled = Template::compile(unquoted(right), scope);
        if (!compiled) {
            return compiled.error();
        }
        condition.right = *std::move(compiled);
    }
    auto compiled = Template::compile(unquoted(left), scope);
    if (!compiled) {
        return compiled.error();
    }
    condition.left = *std::move(compiled);
    const bool fixed = condition.left.is_constant() && condition.right.is_constant();
    if (left.empty() || (fixed && text.find("${") == std::string_view::npos)) {
        return Error{fmt::format("{} is not a condition", in_quotes(text)), {}, kConditionExample};
    }
    return condition;
}

bool Condition::holds(const RenderContext& context, std::string& scratch) const {
    scratch.clear();
    if (!left.render(context, scratch)) {
        return op == Op::Truthy && negated;
    }
    if (op == Op::Truthy) {
        return is_true(scratch) != negated;
    }
    const std::size_t middle = scratch.size();
    if (!right.render(context, scratch)) {
        return false;
    }
    const std::string_view all = scratch;
    const std::string_view a = all.substr(0, middle);
    const std::string_view b = all.substr(middle);
    return compare_values(op, a, b);
}

}  // namespace plimsoll
