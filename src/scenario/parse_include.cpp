// Files that a scenario includes: their maps are joined with its own.
#include "scenario/parts.hpp"
#include "scenario/secret_file.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kMostFiles = 100;
constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
// Maps of names: what several files have is joined. Of all else the including file's counts.
constexpr std::array<std::string_view, 4> kJoined{"users", "data", "thresholds", "tags"};

class Joiner {
public:
    explicit Joiner(ReadContext& context) : context_(context) {}

    IncludedFiles join(const YamlNodePtr& root) {
        chain_.push_back(std::filesystem::path(own_).lexically_normal().string());
        auto merged = std::make_shared<YamlNode>(*root);
        merged->entries.clear();
        for (const YamlNode::Entry& entry : root->entries) {
            if (entry.key != "include") {
                merged->entries.push_back(entry);
            }
        }
        for (const YamlNode::Entry& entry : root->entries) {
            if (entry.key == "include") {
                include(
                    Item(context_, entry.value, "include", entry.line, entry.column, entry.file),
                    *merged);
            }
        }
        return {std::move(merged), std::move(texts_)};
    }

    void own_name(std::string name) { own_ = std::move(name); }

private:
    void include(const Item& item, YamlNode& into) {
        const auto files = item.is_list() ? item.list("files", "e.g. include: [users.yaml]")
                                          : std::vector<Item>{item};
        for (const Item& file : files) {
            if (const auto written = file.text("a file")) {
                read(file, *written, into);
            }
        }
    }

    void read(const Item& item, const std::string& written, YamlNode& into) {
        const std::string path = context_.path_of(written);
        const std::string normal = std::filesystem::path(path).lexically_normal().string();
        if (std::find(chain_.begin(), chain_.end(), normal) != chain_.end()) {
            item.fault(fmt::format("{} includes itself", in_quotes(written)));
            return;
        }
        auto text = read_whole_file(path);
        if (!text) {
            item.fault(text.error());
            return;
        }
        if (context_.files.size() >= kMostFiles) {
            item.fault(fmt::format("includes more than {} files", kMostFiles));
            return;
        }
        bytes_ += text->size();
        if (bytes_ > kMostBytes) {
            item.fault("includes more than 16 MiB in all");
            return;
        }
        context_.files.push_back(written);
        const auto number = static_cast<std::uint16_t>(context_.files.size());
        texts_.push_back(*std::move(text));
        YamlDocument document = read_yaml(texts_.back(), number);
        for (Fault& fault : document.faults) {
            fault.file = written;
            context_.faults.push_back(std::move(fault));
        }
        if (!document.root || document.root->kind == YamlNode::Kind::Null) {
            return;
        }
        if (document.root->kind != YamlNode::Kind::Map) {
            item.fault(fmt::format("{} must hold a map, as a scenario does", in_quotes(written)));
            return;
        }
        note_duplicate_keys(Item(context_, document.root, {}, 1, 1, number));
        chain_.push_back(normal);
        join_maps(*document.root, into);
        chain_.pop_back();
    }

    void join_maps(const YamlNode& from, YamlNode& into) {
        for (const YamlNode::Entry& entry : from.entries) {
            if (entry.key == "include") {
                include(
                    Item(context_, entry.value, "include", entry.line, entry.column, entry.file),
                    into);
                continue;
            }
            const auto own =
                std::find_if(into.entries.begin(), into.entries.end(),
                             [&](const YamlNode::Entry& each) { return each.key == entry.key; });
            if (own == into.entries.end()) {
                into.entries.push_back(entry);
                continue;
            }
            const bool joined =
                std::find(kJoined.begin(), kJoined.end(), entry.key) != kJoined.end();
            if (joined && own->value->kind == YamlNode::Kind::Map &&
                entry.value->kind == YamlNode::Kind::Map) {
                join_names(entry, *own);
            }
        }
    }

    // The including file's names count; two included files must not have the same.
    void join_names(const YamlNode::Entry& from, YamlNode::Entry& own) {
        auto joined = std::make_shared<YamlNode>(*own.value);
        for (const YamlNode::Entry& entry : from.value->entries) {
            const auto same =
                std::find_if(joined->entries.begin(), joined->entries.end(),
                             [&](const YamlNode::Entry& each) { return each.key == entry.key; });
            if (same == joined->entries.end()) {
                joined->entries.push_back(entry);
            } else if (same->file != 0) {
                Item(context_, std::make_shared<YamlNode>(),
                     fmt::format("{}.{}", from.key, entry.key), entry.line, entry.column,
                     entry.file)
                    .fault(fmt::format("is in {} already, at line {}",
                                       context_.files[same->file - 1U], same->line));
            }
        }
        own.value = std::move(joined);
    }

    ReadContext& context_;
    std::string own_;
    std::vector<std::string> chain_;
    std::vector<std::string> texts_;
    std::size_t bytes_ = 0;
};

}  // namespace

IncludedFiles join_included(ReadContext& context, const YamlNodePtr& root,
                            const std::string& file_name) {
    Joiner joiner(context);
    joiner.own_name(file_name);
    return joiner.join(root);
}

}  // namespace plimsoll
