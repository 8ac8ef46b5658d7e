#include "import/bodies.hpp"

#include "base/utf8.hpp"
#include "import/json_access.hpp"
#include "import/request_text.hpp"
#include "scenario/digest.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

void drop_header(DraftStep& step, std::string_view name) {
    std::erase_if(step.headers,
                  [&](const auto& header) { return lower_case(header.first) == name; });
}

// The scenario adds `own` by itself; any other type is said.
void set_type(DraftStep& step, std::string_view type, std::string_view own) {
    drop_header(step, "content-type");
    if (!type.empty() && type != own) {
        step.headers.emplace_back("Content-Type", as_literal(type));
    }
}

JsonTree literal(JsonTree tree) {
    for (auto& [name, member] : tree.members) {
        name = as_literal(name);
        member = literal(std::move(member));
    }
    for (JsonTree& item : tree.items) {
        item = literal(std::move(item));
    }
    tree.text = as_literal(tree.text);
    return tree;
}

// False: it stays text.
bool set_json(DraftStep& step, Secrets& secrets, std::string_view type, std::string_view body) {
    auto tree = parse_tree(body, "a body");
    if (!tree || !tree->is_container() || tree->repeats_names()) {
        return false;
    }
    JsonTree filled = secrets.json(*tree);
    if (compact(*tree) != body && compact(filled) == compact(literal(*tree))) {
        return false;
    }
    step.body = DraftStep::Body::Json;
    step.json = std::move(filled);
    set_type(step, type, "application/json");
    return true;
}

std::string encoded(const Pairs& fields) {
    std::string text;
    for (const auto& [name, value] : fields) {
        text += (text.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
    }
    return text;
}

// "${env.X}" in a form's text: what it gives is encoded there.
std::string encoding(const std::string& reference) {
    return reference.starts_with("${") && reference.ends_with('}')
               ? fmt::format("${{urlencode({})}}", reference.substr(2, reference.size() - 3))
               : reference;
}

// A form whose writing a map would change.
std::string form_text(std::string_view body, Secrets& secrets) {
    std::string text;
    while (true) {
        const std::size_t end = std::min(body.find('&'), body.size());
        const std::string_view pair = body.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string name = percent_decoded(pair.substr(0, equals), true);
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        const bool secret = is_secret_name(name) && !value.empty();
        text += secret ? as_literal(pair.substr(0, equals + 1)) +
                             encoding(secrets.reference(name, percent_decoded(value, true)))
                       : secrets.text(pair);
        if (end == body.size()) {
            return text;
        }
        text += '&';
        body.remove_prefix(end + 1);
    }
}

bool set_form_body(DraftStep& step, Secrets& secrets, std::string_view type,
                   std::string_view body) {
    auto fields = form_fields(body);
    std::vector<std::string> names;
    for (const auto& [name, value] : fields.value_or(Pairs{})) {
        names.push_back(name);
    }
    if (!fields || encoded(*fields) != body || !keeps_order(names)) {
        step.body = DraftStep::Body::Text;
        step.text = form_text(body, secrets);
        set_type(step, type, {});
        return true;
    }
    step.body = DraftStep::Body::Form;
    for (auto& [name, value] : *fields) {
        value = secrets.field(name, value);
        name = as_literal(name);
    }
    step.form = *std::move(fields);
    set_type(step, type, kForm);
    return true;
}

// Of what neither a quoted string nor a scenario's map can hold.
std::string quoted_name(std::string_view name) {
    std::string out;
    for (const char c : name) {  // as curl and browsers do
        out += c == '"' ? "%22" : c == '\r' ? "%0D" : c == '\n' ? "%0A" : std::string(1, c);
    }
    return out;
}

bool is_plain_label(std::string_view text) {
    return is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == 0x7F;
           });
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string to_base64(std::string_view bytes) {
    std::string text(bytes);
    append_base64(0, false, text);
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    return decode_base64(text);
}

std::string percent_encoded(std::string_view text) {
    std::string result(text);
    percent_encode(0, &is_unreserved, result);
    return result;
}

std::string percent_decoded(std::string_view text, bool plus) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && digit(text[at + 1]) >= 0 &&
            digit(text[at + 2]) >= 0) {
            result += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
            at += 2;
        } else {
            result += plus && text[at] == '+' ? ' ' : text[at];
        }
    }
    return result;
}

bool keeps_order(const std::vector<std::string>& names) {
    for (std::size_t at = 1; at < names.size(); ++at) {
        const auto before = names.begin() + static_cast<std::ptrdiff_t>(at) - 1;
        if (names[at] != *before && std::find(names.begin(), before, names[at]) != before) {
            return false;
        }
    }
    return true;
}

std::optional<Pairs> form_fields(std::string_view text) {
    Pairs fields;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        std::string key = percent_decoded(pair.substr(0, equals), true);
        std::string value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
        if (key.empty() || equals == pair.size() || !is_utf8(key) || !is_utf8(value)) {
            return std::nullopt;
        }
        fields.emplace_back(std::move(key), std::move(value));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return fields.empty() ? std::nullopt : std::optional(std::move(fields));
}

void set_form(DraftStep& step, const Pairs& template_fields) {
    std::vector<std::string> names;
    for (const auto& [name, value] : template_fields) {
        names.push_back(name);
    }
    if (keeps_order(names) && !names.empty()) {
        step.body = DraftStep::Body::Form;
        step.form = template_fields;
        return;
    }
    std::string text;
    for (const auto& [name, value] : template_fields) {
        const auto one = [](const std::string& part) {
            return part.find("${") == std::string::npos ? percent_encoded(part) : encoding(part);
        };
        text += (text.empty() ? "" : "&") + one(name) + "=" + one(value);
    }
    step.body = DraftStep::Body::Text;
    step.text = std::move(text);
    if (!has_header(step, "content-type")) {
        step.headers.emplace_back("Content-Type", kForm);
    }
}

void set_parts(DraftStep& step, std::vector<DraftPart> parts) {
    std::vector<std::string> names;
    bool plain = !parts.empty();
    for (const DraftPart& part : parts) {
        names.push_back(part.name);
        plain = plain && !part.name.empty() && is_plain_label(part.name) &&
                is_plain_label(part.file_name) && is_plain_label(part.type);
    }
    if (plain && keeps_order(names)) {
        step.body = DraftStep::Body::Multipart;
        step.parts = std::move(parts);
        drop_header(step, "content-type");
        return;
    }
    std::vector<RawPart> raw;
    for (DraftPart& part : parts) {
        raw.push_back({std::move(part), {}});
    }
    set_raw_parts(step, raw);
}

void set_raw_parts(DraftStep& step, const std::vector<RawPart>& parts) {
    constexpr std::string_view kBoundary = "plimsoll-form-boundary";
    const bool bytes =
        std::any_of(parts.begin(), parts.end(), [](const RawPart& one) { return one.part.bytes; });
    const auto text = [&](std::string_view own) {
        return bytes ? std::string(own) : as_literal(own);
    };
    std::string body;
    for (const auto& [part, headers] : parts) {
        body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", kBoundary,
                            text(quoted_name(part.name)));
        if (!part.file_name.empty()) {
            body += fmt::format("; filename=\"{}\"", text(quoted_name(part.file_name)));
        }
        body += "\r\n";
        if (!part.type.empty()) {
            body += fmt::format("Content-Type: {}\r\n", text(part.type));
        }
        for (const auto& [name, value] : headers) {
            body += fmt::format("{}: {}\r\n", text(name), text(value));
        }
        body += "\r\n" + part.value + "\r\n";
    }
    body += fmt::format("--{}--\r\n", kBoundary);
    step.body = bytes ? DraftStep::Body::Bytes : DraftStep::Body::Text;
    step.text = std::move(body);
    drop_header(step, "content-type");
    step.headers.emplace_back("Content-Type",
                              fmt::format("multipart/form-data; boundary={}", kBoundary));
}

void set_body(DraftStep& step, Secrets& secrets, std::string_view media_type,
              std::string_view body) {
    const std::string type = lower_case(media_type.substr(0, media_type.find(';')));
    if (!is_utf8(body)) {
        step.body = DraftStep::Body::Bytes;
        step.text = body;
        set_type(step, media_type, {});
        return;
    }
    const bool json = type.find("json") != std::string::npos;
    if ((json && set_json(step, secrets, media_type, body)) ||
        (type == kForm && !body.empty() && set_form_body(step, secrets, media_type, body))) {
        return;
    }
    step.body = DraftStep::Body::Text;
    step.text = json ? secrets.json_like(body) : secrets.text(body);
    set_type(step, media_type, {});
}

}  // namespace plimsoll::import
