// YAML to JSON, with ${...} left to render.
#include "scenario/expression.hpp"
#include "scenario/parts.hpp"

namespace plimsoll {
namespace {

void add(Template& out, std::string_view json) {
    out.append(Template::literal(std::string(json)));
}

void write_string(Template& out, const Template& text) {
    add(out, "\"");
    out.append(text.encoded(Encoding::JsonText));
    add(out, "\"");
}

void write_scalar(Template& out, const Item& item) {
    const auto compiled = item.text_template();
    if (!compiled) {
        return;
    }
    // What is not quoted is what it reads as; text with more than one expression is text.
    const std::string& written = item.node().text;
    const bool alone =
        compiled->is_constant() || (written.starts_with("${") && compiled->literals().empty() &&
                                    expression_end(written, 0) == written.size() - 1);
    if (!item.node().quoted && alone) {
        out.append(compiled->encoded(Encoding::JsonValue));
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
                const auto key = Template::compile(entry.name, item.context().scope());
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
