#include "import/openapi_document.hpp"

#include "import/input_file.hpp"
#include "import/json_access.hpp"
#include "scenario/yaml_tree.hpp"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;
constexpr std::size_t kMostNodes = 3'000'000;
constexpr std::size_t kLargestFile = 64U << 20U;
constexpr std::size_t kMostFiles = 10'000;
constexpr const char* kFiles = "x-other-files";  // where what other files hold stands in the root

// A plain scalar of YAML's core schema, as far as JSON has it.
json::value scalar_value(const YamlNode& node) {
    const std::string& text = node.text;
    if (node.quoted) {
        return json::value(text);
    }
    if (text == "true" || text == "false") {
        return text == "true";
    }
    if (text == "null" || text == "~") {
        return nullptr;
    }
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole);
        read.ec == std::errc{} && read.ptr == end) {
        return whole;
    }
    double number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end && std::isfinite(number) ? json::value(number)
                                                                              : json::value(text);
}

json::value to_json(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::Null:
            return nullptr;
        case YamlNode::Kind::Scalar:
            return scalar_value(node);
        case YamlNode::Kind::List: {
            json::array items;
            for (const YamlNodePtr& item : node.items) {
                items.push_back(to_json(*item));
            }
            return items;
        }
        case YamlNode::Kind::Map:
            break;
    }
    json::object members;
    for (const YamlNode::Entry& entry : node.entries) {
        members[entry.key] = to_json(*entry.value);
    }
    return members;
}

Result<json::value> read_one(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] == '{') {
        return parse_json(text, "an OpenAPI description");
    }
    const YamlDocument document = read_yaml(text, 0, kMostNodes);
    if (!document.root || !document.faults.empty()) {
        const Fault fault = document.faults.empty() ? Fault{} : document.faults.front();
        return Error{"must be an OpenAPI description in YAML or JSON: " + fault.what,
                     fmt::format("line {}", fault.line), fault.hint};
    }
    return to_json(*document.root);
}

// Puts all files that references lead to into one document.
class Bundle {
public:
    Bundle(json::value root, std::string folder)
        : root_(std::move(root)), folder_(std::move(folder)) {}

    OpenApiDocument run() {
        rewrite(root_, "", "");
        json::array files;
        for (std::size_t next = 0; next < waiting_.size(); ++next) {
            const std::string name = waiting_[next];
            const auto text = read_input_file(folder_, name, kLargestFile);
            auto file = text ? read_one(*text) : Result<json::value>(text.error());
            json::value content;
            if (file) {
                content = *std::move(file);
                const std::string parent = std::filesystem::path(name).parent_path().string();
                rewrite(content, fmt::format("/{}/{}", kFiles, next), parent);
            } else {
                ++unread_;
            }
            files.push_back(std::move(content));
        }
        if (!files.empty() && root_.is_object()) {
            root_.get_object()[kFiles] = std::move(files);
        }
        return {std::move(root_), unread_};
    }

private:
    // `place`: where the file's root will stand.
    void rewrite(json::value& value, const std::string& place, const std::string& folder) {
        if (auto* const array = value.if_array()) {
            for (json::value& item : *array) {
                rewrite(item, place, folder);
            }
        }
        auto* const object = value.if_object();
        if (object == nullptr) {
            return;
        }
        for (auto& [key, member] : *object) {
            if (key == "$ref" && member.is_string()) {
                member = rewritten(std::string(member.get_string()), place, folder);
            } else {
                rewrite(member, place, folder);
            }
        }
    }

    std::string rewritten(const std::string& reference, const std::string& place,
                          const std::string& folder) {
        const std::size_t mark = std::min(reference.find('#'), reference.size());
        const std::string file = reference.substr(0, mark);
        const std::string pointer = mark < reference.size() ? reference.substr(mark + 1) : "";
        if (file.empty()) {
            return "#" + place + pointer;
        }
        if (file.find("://") != std::string::npos || folder_.empty()) {
            ++unread_;
            return reference;
        }
        const std::string name = (std::filesystem::path(folder) / file).lexically_normal().string();
        auto known = places_.find(name);
        if (known == places_.end()) {
            if (waiting_.size() >= kMostFiles) {
                ++unread_;
                return reference;
            }
            known = places_.emplace(name, waiting_.size()).first;
            waiting_.push_back(name);
        }
        return fmt::format("#/{}/{}{}", kFiles, known->second, pointer);
    }

    json::value root_;
    std::string folder_;
    std::map<std::string, std::size_t> places_;
    std::vector<std::string> waiting_;
    std::size_t unread_ = 0;
};

}  // namespace

Result<OpenApiDocument> read_openapi(std::string_view text, const std::string& folder) {
    auto root = read_one(text);
    if (!root) {
        return root.error();
    }
    return Bundle(*std::move(root), folder).run();
}

}  // namespace plimsoll::import
