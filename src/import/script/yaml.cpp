#include "import/script/yaml.hpp"

#include "import/yaml_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

class Printer {
public:
    explicit Printer(std::string text) {
        out_.text = std::move(text);
        line_ = 1 + static_cast<int>(std::count(out_.text.begin(), out_.text.end(), '\n'));
    }
    void map(const Yaml& map, int indent) {
        for (const auto& [key, value] : map.entries) {
            if (indent == 0) {
                line("");
            }
            comments(value, indent);
            entry(key, value, indent);
        }
    }
    YamlText take() { return std::move(out_); }

private:
    void line(const std::string& text) {
        out_.text += text + "\n";
        ++line_;
    }
    void mark(const Yaml& value) {
        if (value.mark != 0) {
            out_.marks.emplace_back(line_, value.mark);
        }
    }
    void comments(const Yaml& value, int indent) {
        for (const std::string& comment : value.comments) {
            line(fmt::format("{:{}}# {}", "", indent, comment));
        }
    }
    void entry(const std::string& key, const Yaml& value, int indent) {
        mark(value);
        const std::string begin = fmt::format("{:{}}{}:", "", indent, yaml_scalar(key));
        if (value.kind == Yaml::Kind::Map && !value.entries.empty()) {
            line(begin);
            map(value, indent + 2);
        } else if (value.kind == Yaml::Kind::List && !value.entries.empty()) {
            line(begin);
            list(value, indent + 2);
        } else {
            line(fmt::format("{} {}", begin, inline_text(value)));
        }
    }
    void list(const Yaml& list, int indent) {
        for (const auto& [unused, item] : list.entries) {
            comments(item, indent);
            if (item.kind == Yaml::Kind::Nothing) {
                continue;  // comments alone
            }
            mark(item);
            const bool block = !item.entries.empty() &&
                               (item.kind == Yaml::Kind::Map || item.kind == Yaml::Kind::List);
            if (!block) {
                line(fmt::format("{:{}}- {}", "", indent, inline_text(item)));
                continue;
            }
            const std::size_t begin = out_.text.size();
            item.kind == Yaml::Kind::Map ? map(item, indent + 2) : list_of(item, indent + 2);
            const std::size_t dash = out_.text.find_first_not_of(' ', begin) - 2;
            out_.text[dash] = '-';
        }
    }
    void list_of(const Yaml& inner, int indent) { list(inner, indent); }

    static std::string inline_text(const Yaml& value) {
        std::string text;
        switch (value.kind) {
            case Yaml::Kind::Nothing:
                return "null";
            case Yaml::Kind::Scalar:
                return value.text;
            case Yaml::Kind::List:
            case Yaml::Kind::FlowList:
                for (const auto& [unused, item] : value.entries) {
                    text += (text.empty() ? "" : ", ") + inline_text(item);
                }
                return "[" + text + "]";
            case Yaml::Kind::Map:
            case Yaml::Kind::FlowMap:
                for (const auto& [key, item] : value.entries) {
                    const bool plain = yaml_scalar(key) == key &&
                                       key.find_first_of(",?&*!|>{}[]:=@%") == std::string::npos;
                    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ",
                                        plain ? key : yaml_quoted(key), inline_text(item));
                }
                return "{" + text + "}";
        }
        return text;
    }

    YamlText out_;
    int line_ = 1;
};

}  // namespace

Yaml Yaml::text_of(std::string_view text) {
    return plain(yaml_scalar(text));
}

Yaml Yaml::quoted(std::string_view text) {
    return plain(yaml_quoted(text));
}

Yaml Yaml::plain(std::string text) {
    Yaml value;
    value.kind = Kind::Scalar;
    value.text = std::move(text);
    return value;
}

Yaml Yaml::expression(const std::string& inner) {
    const std::string whole = "${" + inner + "}";
    const bool unsafe = whole.find(": ") != std::string::npos ||
                        whole.find(" #") != std::string::npos ||
                        whole.find('\n') != std::string::npos;
    return plain(unsafe ? yaml_quoted(whole) : whole);
}

Yaml Yaml::list(std::vector<Yaml> items, bool flow) {
    Yaml value;
    value.kind = flow ? Kind::FlowList : Kind::List;
    for (Yaml& item : items) {
        value.add(std::move(item));
    }
    return value;
}

Yaml Yaml::map(std::vector<std::pair<std::string, Yaml>> entries, bool flow) {
    Yaml value;
    value.kind = flow ? Kind::FlowMap : Kind::Map;
    value.entries = std::move(entries);
    return value;
}

Yaml& Yaml::add(std::string key, Yaml value) {
    entries.emplace_back(std::move(key), std::move(value));
    return entries.back().second;
}

Yaml& Yaml::add(Yaml value) {
    entries.emplace_back(std::string(), std::move(value));
    return entries.back().second;
}

YamlText print(const Yaml& map, std::string text) {
    Printer printer(std::move(text));
    printer.map(map, 0);
    return printer.take();
}

}  // namespace plimsoll::import::script
