#include "scenario/reader.hpp"

#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

std::string_view describe_kind(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::Null:
            return "nothing";
        case YamlNode::Kind::List:
            return "a list";
        case YamlNode::Kind::Map:
            return "a map";
        case YamlNode::Kind::Scalar:
            break;
    }
    return "text";
}

std::string child_path(const std::string& parent, std::string_view key) {
    const bool simple = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    if (!simple) {
        return fmt::format("{}[{}]", parent, in_quotes(key));
    }
    return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

bool is_number(std::string_view text) {
    double value = 0;
    const auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    return code == std::errc{} && end == text.data() + text.size() && std::isfinite(value) &&
           value >= 0;
}

}  // namespace

Item::Item(ReadContext& context, YamlNodePtr node, std::string path, int line, int column,
           std::uint16_t file)
    : context_(&context),
      node_(std::move(node)),
      path_(std::move(path)),
      line_(line),
      column_(column),
      file_(file) {}

Item Item::root(ReadContext& context, const YamlNodePtr& node) {
    return Item(context, node, {}, 1, 1);
}

Item Item::at_key() const {
    return Item(*context_, std::make_shared<YamlNode>(), path_, line_, column_, file_);
}

void Item::fault(std::string what, std::string hint) const {
    const std::uint16_t file = is_scalar() ? node_->file : file_;
    context_->faults.push_back(
        {is_scalar() ? node_->line : line_, is_scalar() ? node_->column : column_, path_,
         std::move(what), std::move(hint), file == 0 ? std::string() : context_->files[file - 1U]});
}

void Item::wrong_type(std::string_view what, std::string hint) const {
    const std::string got =
        is_scalar() ? in_quotes(node_->text) : std::string(describe_kind(*node_));
    fault(fmt::format("must be {}, got {}", what, got), std::move(hint));
}

std::vector<Item> Item::items() const {
    std::vector<Item> items;
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
        const YamlNodePtr& child = node_->items[i];
        items.emplace_back(*context_, child, fmt::format("{}[{}]", path_, i), child->line,
                           child->column, child->file);
    }
    for (Named& entry : named()) {
        items.push_back(std::move(entry.item));
    }
    return items;
}

std::vector<Item::Named> Item::named() const {
    std::vector<Named> entries;
    std::set<std::string_view> seen;
    for (const YamlNode::Entry& entry : node_->entries) {
        if (seen.insert(entry.key).second) {
            entries.push_back({entry.key, Item(*context_, entry.value, child_path(path_, entry.key),
                                               entry.line, entry.column, entry.file)});
        }
    }
    return entries;
}

std::vector<Item> Item::list(std::string_view of_what, const std::string& hint) const {
    if (!is_list()) {
        wrong_type(fmt::format("a list of {}", of_what), hint);
        return {};
    }
    if (node_->items.empty()) {
        fault(fmt::format("must be a list of {}, got an empty one", of_what), hint);
    }
    return items();
}

bool Item::require_map(std::string_view of_what, const std::string& hint) const {
    if (!is_map()) {
        wrong_type(of_what, hint);
    }
    return is_map();
}

std::optional<Template> Item::text_template(std::string_view what) const {
    if (!is_scalar()) {
        wrong_type(what);
        return std::nullopt;
    }
    auto compiled = Template::compile(node_->text, context_->scope());
    if (!compiled) {
        const auto in_text = [this](const std::string& source) {
            return node_->text.find(source + ".") != std::string::npos ||
                   node_->text.find(source + "[") != std::string::npos;
        };
        const auto& broken = context_->broken_data;
        if (std::none_of(broken.begin(), broken.end(), in_text)) {
            fault(compiled.error());
        }
        return std::nullopt;
    }
    return *std::move(compiled);
}

std::optional<std::string> Item::secret_text(std::string_view what) const {
    const auto compiled = text_template(what);
    if (!compiled) {
        return std::nullopt;
    }
    if (!compiled->is_constant()) {
        fault("must be the same for every request", "only ${env.NAME} may stand here");
        return std::nullopt;
    }
    return compiled->text();
}

std::optional<std::string> Item::text(std::string_view what) const {
    const auto compiled = text_template(what);
    if (compiled && compiled->is_secret()) {
        fault("must not be a secret: this value is shown",
              "${secret.file:...} may stand in requests and in a dsn");
        return std::nullopt;
    }
    return secret_text(what);
}

std::optional<Nanoseconds> Item::duration() const {
    const auto written = text("a duration");
    if (!written) {
        return std::nullopt;
    }
    const auto value = parse_duration(*written);
    if (!value) {
        Error error = value.error();
        if (is_number(*written)) {
            error.hint = fmt::format("write {0}s for seconds or {0}ms for milliseconds", *written);
        }
        fault(error);
        return std::nullopt;
    }
    return *value;
}

std::optional<Nanoseconds> Item::positive_duration() const {
    const auto value = duration();
    if (value && *value <= Nanoseconds{}) {
        fault("must be above 0", "e.g. 30s");
        return std::nullopt;
    }
    return value;
}

std::optional<Rate> Item::rate() const {
    constexpr double kHighestPerSecond = 1e7;
    const auto written = text("a rate");
    if (!written) {
        return std::nullopt;
    }
    const auto value = parse_rate(*written);
    if (!value) {
        Error error = value.error();
        if (is_number(*written)) {
            error.hint =
                fmt::format("write {0}/s for {0} a second, {0}/m for {0} a minute", *written);
        }
        fault(error);
        return std::nullopt;
    }
    if (!(value->per_second() <= kHighestPerSecond)) {
        fault(fmt::format("must be a rate of at most 10000000/s, got {}", in_quotes(*written)));
        return std::nullopt;
    }
    return *value;
}

std::optional<std::uint64_t> Item::whole(std::uint64_t low, std::uint64_t high,
                                         const std::string& hint) const {
    const auto written = text("a whole number");
    if (!written) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const char* const last = written->data() + written->size();
    const auto [end, code] = std::from_chars(written->data(), last, value);
    if (code == std::errc::invalid_argument || end != last) {
        fault(fmt::format("must be a whole number from {} to {}, got {}", low, high,
                          in_quotes(*written)),
              hint);
        return std::nullopt;
    }
    if (code != std::errc{} || value < low || value > high) {
        fault(fmt::format("must be from {} to {}, got {}", low, high, *written), hint);
        return std::nullopt;
    }
    return value;
}

std::optional<bool> Item::boolean() const {
    const auto written = text("true or false");
    if (written && *written != "true" && *written != "false") {
        fault(fmt::format("must be true or false, got {}", in_quotes(*written)));
        return std::nullopt;
    }
    return written ? std::optional(*written == "true") : std::nullopt;
}

std::optional<std::uint64_t> Item::bytes() const {
    struct Unit {
        std::string_view name;
        std::uint64_t bytes;
    };
    constexpr std::array kUnits{Unit{"", 1},
                                Unit{"B", 1},
                                Unit{"kB", 1000},
                                Unit{"KiB", 1U << 10U},
                                Unit{"MB", 1000'000},
                                Unit{"MiB", 1U << 20U},
                                Unit{"GB", 1000'000'000}};
    constexpr std::uint64_t kMost = 1'000'000;  // of GB: far from where 64 bits end
    const auto written = text("a number of bytes, e.g. 10kB");
    if (!written) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const char* const last = written->data() + written->size();
    const auto [end, code] = std::from_chars(written->data(), last, number);
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    const auto* const known = std::find_if(kUnits.begin(), kUnits.end(),
                                           [&](const Unit& each) { return each.name == unit; });
    if (code != std::errc{} || known == kUnits.end() ||
        (number > kMost && known->bytes == kUnits.back().bytes)) {
        fault(fmt::format("must be a number of bytes, got {}", in_quotes(*written)),
              "e.g. 512, 10kB or 1MiB; units are B, kB, KiB, MB, MiB and GB");
        return std::nullopt;
    }
    constexpr std::uint64_t kLargest = kMost * 1000'000'000;
    return number > kLargest / known->bytes ? kLargest : number * known->bytes;
}

std::optional<double> Item::ratio() const {
    const auto written = text("a share");
    if (!written) {
        return std::nullopt;
    }
    const bool percent = written->ends_with('%');
    double value = 0;
    const char* const last = written->data() + written->size() - (percent ? 1 : 0);
    const auto [end, code] =
        std::from_chars(written->data(), last, value, std::chars_format::fixed);
    value = percent ? value / 100 : value;
    if (code != std::errc{} || end != last || !(value >= 0 && value <= 1)) {
        fault(fmt::format("must be a share from 0 to 1, or from 0% to 100%, got {}",
                          in_quotes(*written)),
              "e.g. 1%");
        return std::nullopt;
    }
    return value;
}

std::optional<std::size_t> Item::choice(std::span<const std::string_view> words) const {
    const auto written = text(any_of(words));
    if (!written) {
        return std::nullopt;
    }
    const auto found = std::find(words.begin(), words.end(), *written);
    if (found == words.end()) {
        const auto near = nearest(*written, words);
        fault(fmt::format("must be {}, got {}", any_of(words), in_quotes(*written)),
              near.empty() ? std::string() : fmt::format("did you mean {}?", near));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - words.begin());
}

void note_duplicate_keys(const Item& root) {
    std::vector<Item> open{root};
    while (!open.empty()) {
        const Item item = std::move(open.back());
        open.pop_back();
        const auto& entries = item.node().entries;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto first = std::find_if(
                entries.begin(), entries.end(),
                [&](const YamlNode::Entry& entry) { return entry.key == entries[i].key; });
            if (first != entries.begin() + static_cast<std::ptrdiff_t>(i)) {
                Item(item.context(), std::make_shared<YamlNode>(),
                     child_path(item.path(), entries[i].key), entries[i].line, entries[i].column,
                     entries[i].file)
                    .fault(fmt::format("stands twice, first at line {}; keep one", first->line));
            }
        }
        for (Item& child : item.items()) {
            open.push_back(std::move(child));
        }
    }
}

}  // namespace plimsoll
