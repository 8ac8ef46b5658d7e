// YAML to JSON, with ${...} left to render.
#include "scenario/parts.hpp"

#include <array>
#include <cctype>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

namespace plimsoll {
namespace {

// The text between the quotes of a JSON string.
std::string escape(std::string_view text) {
    const std::string json = boost::json::serialize(boost::json::value(text));
    return json.substr(1, json.size() - 2);
}

void add(Template& out, std::string_view json) {
    out.append(Template::literal(std::string(json)));
}

// RFC 8259, section 6. Such text stands as it is, so that no digit is lost.
bool is_json_number(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ++at;
        }
        return at - first;
    };
    const auto take = [&](std::string_view any) {
        const bool there = at < text.size() && any.find(text[at]) != std::string_view::npos;
        at += there ? 1 : 0;
        return there;
    };
    take("-");
    const std::size_t first = at;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && text[first] == '0')) {
        return false;
    }
    if (take(".") && digits() == 0) {
        return false;
    }
    if (take("eE")) {
        take("+-");
        if (digits() == 0) {
            return false;
        }
    }
    return at == text.size();
}

// An unquoted value that consists of one expression which gives a number.
bool is_numeric_expression(std::string_view text) {
    return text == "${user}" || text == "${iteration}" ||
           (text.starts_with("${random_int(") && text.find('}') == text.size() - 1);
}

void write_string(Template& out, const Template& text) {
    add(out, "\"");
    out.append(text.with_literals(&escape));
    add(out, "\"");
}

void write_scalar(Template& out, const Item& item) {
    const auto compiled = item.text_template();
    if (!compiled) {
        return;
    }
    const bool plain = !item.node().quoted;
    if (plain && !compiled->is_constant() && is_numeric_expression(item.node().text)) {
        out.append(*compiled);
        return;
    }
    const std::string& text = compiled->text();
    const bool literal =
        text == "true" || text == "false" || text == "null" || is_json_number(text);
    if (plain && compiled->is_constant() && literal) {
        add(out, text);
        return;
    }
    write_string(out, *compiled);
}

void write(Template& out, const Item& item) {
    const auto separate = [&out, first = true]() mutable {
        if (!first) {
            add(out, ",");
        }
        first = false;
    };
    switch (item.node().kind) {
        case YamlNode::Kind::Null:
            add(out, "null");
            break;
        case YamlNode::Kind::Scalar:
            write_scalar(out, item);
            break;
        case YamlNode::Kind::List: {
            add(out, "[");
            auto comma = separate;
            for (const Item& child : item.items()) {
                comma();
                write(out, child);
            }
            add(out, "]");
            break;
        }
        case YamlNode::Kind::Map: {
            add(out, "{");
            auto comma = separate;
            for (const Item::Named& entry : item.named()) {
                comma();
                const auto key = Template::compile(entry.name, item.context().env);
                if (!key) {
                    entry.item.fault(key.error());
                    continue;
                }
                write_string(out, *key);
                add(out, ":");
                write(out, entry.item);
            }
            add(out, "}");
            break;
        }
    }
}

}  // namespace

Template read_json(const Item& item) {
    Template body;
    write(body, item);
    return body;
}

}  // namespace plimsoll
