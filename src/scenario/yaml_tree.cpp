#include "scenario/yaml_tree.hpp"

#include "base/utf8.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestYaml = std::size_t{16} << 20U;
constexpr std::size_t kMostLevels = 200;  // what reads the tree goes down it by recursion

constexpr std::string_view kTooLarge = "unfolds to more than ";
constexpr const char* kTooDeep = "is nested more than 200 levels deep";

// The text from a 0-based place on.
std::string_view text_from(std::string_view text, int line, int column) {
    for (int at = 0; at < line; ++at) {
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    text.remove_prefix(std::min(static_cast<std::size_t>(column), text.size()));
    return text;
}

// yaml-cpp takes the end of the file for a missing closing quote.
bool is_unclosed_quote(std::string_view from_scalar) {
    if (from_scalar.empty() || (from_scalar.front() != '"' && from_scalar.front() != '\'')) {
        return false;
    }
    const char quote = from_scalar.front();
    for (std::size_t at = 1; at < from_scalar.size(); ++at) {
        if (from_scalar[at] == '\\' && quote == '"') {
            ++at;
        } else if (from_scalar[at] == quote) {
            return false;
        }
    }
    return true;
}

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view text, std::uint16_t file, std::size_t most_nodes)
        : text_(text), file_(file), most_nodes_(most_nodes) {
        for (std::size_t at = 0; at != std::string_view::npos; at = text.find('\n', at)) {
            at += line_starts_.empty() ? 0U : 1U;
            line_starts_.push_back(at);
        }
    }

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(make(YamlNode::Kind::Null, mark), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) {
            fault(mark, "an alias must not stand inside its own anchor");
            add(make(YamlNode::Kind::Null, mark), 0);
            return;
        }
        place(known->second, mark);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_custom_tag(mark, tag);
        if (tag == "!" && is_unclosed_quote(from(mark))) {
            fault(mark, "not valid YAML: the quote is not closed", "close it on the same line");
            broken_ = true;
        }
        auto node = make(YamlNode::Kind::Scalar, mark);
        node->text = value;
        // yaml-cpp tags plain scalars "?" and quoted ones "!".
        node->quoted = tag != "?" && !tag.empty();
        add(std::move(node), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        refuse_custom_tag(mark, tag);
        open(YamlNode::Kind::List, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        refuse_custom_tag(mark, tag);
        open(YamlNode::Kind::Map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

    [[nodiscard]] YamlNodePtr root() const { return root_; }
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] std::vector<Fault>& faults() { return faults_; }

private:
    struct Open {
        std::shared_ptr<YamlNode> node;
        YAML::anchor_t anchor;
        YamlNode::Entry entry;  // of a map: the key that waits for its value
        bool has_key = false;
        bool key_is_text = true;
    };

    [[nodiscard]] std::shared_ptr<YamlNode> make(YamlNode::Kind kind,
                                                 const YAML::Mark& mark) const {
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->line = mark.line + 1;
        node->column = mark.column + 1;
        node->file = file_;
        return node;
    }

    // The text from a place on, found without counting lines: there are many quoted values.
    [[nodiscard]] std::string_view from(const YAML::Mark& mark) const {
        const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
        const std::size_t start = line < line_starts_.size() ? line_starts_[line] : text_.size();
        const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
        return text_.substr(std::min(start + column, text_.size()));
    }

    void fault(const YAML::Mark& mark, std::string what, std::string hint = {}) {
        faults_.push_back({mark.line + 1, mark.column + 1, {}, std::move(what), std::move(hint)});
    }

    void refuse_custom_tag(const YAML::Mark& mark, const std::string& tag) {
        const bool usual =
            tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:");
        if (!usual) {
            fault(mark, "the tag " + in_quotes(tag) + " has no meaning here; leave it out");
        }
    }

    void add(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
        const YAML::Mark mark = mark_of(*node);
        YamlNodePtr done = std::move(node);
        if (anchor != 0) {
            anchors_[anchor] = done;
        }
        place(done, mark);
    }

    static YAML::Mark mark_of(const YamlNode& node) {
        YAML::Mark mark;
        mark.line = node.line - 1;
        mark.column = node.column - 1;
        return mark;
    }

    void place(const YamlNodePtr& node, const YAML::Mark& mark) {
        if (open_.empty()) {
            root_ = node;
            return;
        }
        Open& parent = open_.back();
        if (parent.node->kind == YamlNode::Kind::List) {
            grow(*parent.node, *node, mark);
            parent.node->items.push_back(node);
            return;
        }
        if (!parent.has_key) {
            parent.key_is_text = node->kind == YamlNode::Kind::Scalar;
            if (!parent.key_is_text) {
                fault(mark, "a key must be plain text");
            }
            parent.entry = {node->text, mark.line + 1, mark.column + 1, file_, nullptr};
            parent.has_key = true;
            return;
        }
        grow(*parent.node, *node, mark);
        parent.entry.value = node;
        if (parent.key_is_text) {
            parent.node->entries.push_back(std::move(parent.entry));
        }
        parent.has_key = false;
    }

    void grow(YamlNode& parent, const YamlNode& by, const YAML::Mark& mark) {
        parent.size += by.size;
        parent.depth = std::max(parent.depth, by.depth + 1);
        if (parent.size > most_nodes_) {
            throw YAML::ParserException(mark, fmt::format("{}{} values", kTooLarge, most_nodes_));
        }
        if (parent.depth + open_.size() > kMostLevels) {
            throw YAML::ParserException(mark, kTooDeep);
        }
    }

    // The nodes that are open, and the scanner's own stack, grow before any of them is placed.
    void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() >= kMostLevels) {
            throw YAML::ParserException(mark, kTooDeep);
        }
        open_.push_back({make(kind, mark), anchor, {}});
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor);
    }

    std::string_view text_;
    std::uint16_t file_;
    std::size_t most_nodes_;
    std::vector<std::size_t> line_starts_;
    YamlNodePtr root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNodePtr> anchors_;
    std::vector<Fault> faults_;
    bool broken_ = false;
};

std::string line_of(std::string_view text, int line) {
    const std::string_view from = text_from(text, line, 0);
    return std::string(from.substr(0, from.find('\n')));
}

// What most often lies behind a syntax error on this line.
std::string syntax_hint(const std::string& line) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent != std::string::npos && line[indent] == '\t') {
        return "indent with spaces; YAML does not allow tabs there";
    }
    if (line.find("${") != std::string::npos) {
        return "put text that holds ${...} in double quotes";
    }
    if (line.find('?') != std::string::npos) {
        return "put text that holds ? in double quotes";  // yaml-cpp reads it as a key's mark in {
                                                          // }
    }
    if (line.find(": ") != line.rfind(": ")) {
        return "put text that holds \": \" in double quotes";
    }
    return "check the indentation, and that every bracket and quote is closed";
}

Fault syntax_fault(std::string_view text, const YAML::Exception& error) {
    if (error.msg.starts_with(kTooLarge) || error.msg == kTooDeep) {
        return {error.mark.line + 1, error.mark.column + 1, {}, error.msg, {}};
    }
    Fault fault{1, 1, {}, "not valid YAML: " + error.msg, {}};
    if (!error.mark.is_null()) {
        fault.line = error.mark.line + 1;
        fault.column = error.mark.column + 1;
        fault.hint = syntax_hint(line_of(text, error.mark.line));
    }
    return fault;
}

// Where it is no text: YAML's parser would take its bytes for others, or end there.
std::optional<Fault> encoding_fault(std::string_view text) {
    std::size_t at = 0;
    std::size_t length = 1;
    while (at < text.size() && length > 0) {
        length = text[at] == '\0'                              ? 0
                 : static_cast<unsigned char>(text[at]) < 0x80 ? 1
                                                               : utf8_length(text.substr(at));
        at += length;
    }
    if (at >= text.size()) {
        return std::nullopt;
    }
    const std::string_view before = text.substr(0, at);
    const std::size_t newline = before.rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    Fault fault;
    fault.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    fault.column = 1 + static_cast<int>(at - line);
    fault.what = fmt::format("is not UTF-8 text: the byte 0x{:02X}",
                             static_cast<unsigned>(static_cast<unsigned char>(text[at])));
    fault.hint = "save the file as UTF-8";
    return fault;
}

}  // namespace

YamlDocument read_yaml(std::string_view text, std::uint16_t file, std::size_t most_nodes) {
    YamlDocument document;
    if (text.size() > kLongestYaml) {
        document.faults.push_back({1, 1, {}, "is longer than 16 MiB", {}});
        return document;
    }
    if (auto fault = encoding_fault(text)) {
        document.faults.push_back(*std::move(fault));
        return document;
    }
    TreeBuilder builder(text, file, most_nodes);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        const bool found = parser.HandleNextDocument(builder);
        document.faults = std::move(builder.faults());
        document.root = builder.root();
        if (!found || !document.root) {
            document.root = std::make_shared<YamlNode>();
        } else if (parser) {
            document.faults.push_back({1,
                                       1,
                                       {},
                                       "must hold one YAML document, has several",
                                       "remove the line --- and what follows"});
        }
    } catch (const YAML::Exception& error) {
        document.faults = std::move(builder.faults());
        document.faults.push_back(syntax_fault(text, error));
        document.root = nullptr;
        return document;
    }
    if (builder.broken()) {
        document.root = nullptr;
    }
    return document;
}

}  // namespace plimsoll
