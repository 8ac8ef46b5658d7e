#include "scenario/regex.hpp"

#include "scenario/wording.hpp"

#include <array>
#include <re2/re2.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

RE2::Options options() {
    constexpr std::int64_t kMostBytes = 16LL << 20;
    RE2::Options made;
    made.set_log_errors(false);
    made.set_max_mem(kMostBytes);
    return made;
}

}  // namespace

struct Regex::Program {
    explicit Program(std::string_view text)
        : re(re2::StringPiece(text.data(), text.size()), options()) {}
    RE2 re;
};

Regex::Regex(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view text) {
    auto program = std::make_unique<const Program>(text);
    if (!program->re.ok()) {
        return Error{
            fmt::format("{} is not a regular expression: {}", in_quotes(text), program->re.error()),
            {},
            "the syntax is RE2's: without look-around and back-references"};
    }
    return Regex(std::move(program));
}

std::optional<std::string_view> Regex::find(std::string_view text) const {
    std::array<re2::StringPiece, 2> groups;
    const int count = program_->re.NumberOfCapturingGroups() > 0 ? 2 : 1;
    const re2::StringPiece all(text.data(), text.size());
    if (!program_->re.Match(all, 0, text.size(), RE2::UNANCHORED, groups.data(), count)) {
        return std::nullopt;
    }
    const re2::StringPiece& found = groups.at(static_cast<std::size_t>(count - 1));
    return std::string_view(found.data() == nullptr ? "" : found.data(), found.size());
}

}  // namespace plimsoll
