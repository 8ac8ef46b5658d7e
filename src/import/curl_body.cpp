#include "import/curl_body.hpp"

#include "import/bodies.hpp"
#include "import/input_file.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;

// As curl does: blanks are plus signs.
std::string form_encoded(std::string_view text) {
    std::string encoded = percent_encoded(text);
    for (std::size_t at = encoded.find("%20"); at != std::string::npos;
         at = encoded.find("%20", at)) {
        encoded.replace(at, 3, "+");
    }
    return encoded;
}

// [name]=content, content, name@file, @file, =content.
std::string url_encoded(const std::string& value, CurlSource& source) {
    const std::size_t mark = value.find_first_of("=@");
    if (mark == std::string::npos) {
        return form_encoded(value);
    }
    const std::string name = value.substr(0, mark);
    std::string content = value.substr(mark + 1);
    if (value[mark] == '@') {
        content = curl_file(content, source).value_or("");
    }
    return name + (name.empty() ? "" : "=") + form_encoded(content);
}

// What -F's content says: its text or file, and what stands behind semicolons.
struct FormField {
    DraftPart part;
    Pairs headers;
    bool known = true;
};

// A value up to the next semicolon; in quotes it may hold one.
std::string form_word(std::string_view text, std::size_t& at) {
    std::string word;
    if (at < text.size() && text[at] == '"' && text.find('"', at + 1) != std::string_view::npos) {
        for (++at; at < text.size() && text[at] != '"'; ++at) {
            const bool escape = text[at] == '\\' && at + 1 < text.size() &&
                                (text[at + 1] == '"' || text[at + 1] == '\\');
            at += escape ? 1U : 0U;
            word += text[at];
        }
        at = std::min(text.find(';', at), text.size());
        return word;
    }
    const std::size_t end = std::min(text.find(';', at), text.size());
    word = text.substr(at, end - at);
    at = end;
    return word;
}

void form_attributes(std::string_view text, std::size_t at, FormField& field) {
    while (at < text.size()) {
        at = std::min(text.find_first_not_of(" ;", at), text.size());
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("type=")) {
            at += 5;
            field.part.type = form_word(text, at);
            // A type's own parameters, such as a charset, belong to it.
            while (at < text.size()) {
                const std::string_view next =
                    text.substr(std::min(text.find_first_not_of(" ;", at), text.size()));
                const bool ours = next.starts_with("filename=") || next.starts_with("headers=") ||
                                  next.starts_with("encoder=") || next.starts_with("type=");
                if (ours || next.find('=') == std::string_view::npos) {
                    break;
                }
                std::size_t after = at + 1;
                field.part.type += ";" + form_word(text, after);
                at = after;
            }
        } else if (rest.starts_with("filename=")) {
            at += 9;
            field.part.file_name = form_word(text, at);
        } else if (rest.starts_with("headers=")) {
            at += 8;
            const std::string header = form_word(text, at);
            const std::size_t colon = header.find(':');
            if (colon != std::string::npos && header[0] != '@') {
                const std::size_t first = header.find_first_not_of(' ', colon + 1);
                field.headers.emplace_back(header.substr(0, colon),
                                           first == std::string::npos ? "" : header.substr(first));
            } else {
                field.known = false;
            }
        } else {
            field.known = field.known && !rest.starts_with("encoder=");
            static_cast<void>(form_word(text, at));
        }
    }
}

std::string type_of_file(std::string_view name) {
    struct Known {
        std::string_view end;
        std::string_view type;
    };
    constexpr std::array kTypes{Known{".gif", "image/gif"},       Known{".jpg", "image/jpeg"},
                                Known{".jpeg", "image/jpeg"},     Known{".png", "image/png"},
                                Known{".svg", "image/svg+xml"},   Known{".txt", "text/plain"},
                                Known{".htm", "text/html"},       Known{".html", "text/html"},
                                Known{".pdf", "application/pdf"}, Known{".xml", "application/xml"}};
    const std::string lower = lower_case(name);
    for (const Known& known : kTypes) {
        if (lower.ends_with(known.end)) {
            return std::string(known.type);
        }
    }
    return "application/octet-stream";
}

FormField form_field(const std::string& value, CurlSource& source) {
    FormField field;
    const std::size_t equals = std::min(value.find('='), value.size());
    field.part.name = value.substr(0, equals);
    std::size_t at = std::min(equals + 1, value.size());
    const char kind = at < value.size() ? value[at] : '\0';
    if (kind == '(' || (field.part.name.empty() && value[at] == ')')) {
        field.known = false;  // nested multipart
        return field;
    }
    const bool file = kind == '@' || kind == '<';
    at += file ? 1U : 0U;
    const std::string content = form_word(value, at);
    form_attributes(value, at, field);
    if (!file) {
        field.part.value = content;
    } else {
        field.known = field.known && content.find(',') == std::string::npos;
        field.part.value = curl_file(content, source).value_or("");
        const std::string base = content.substr(content.rfind('/') + 1);
        if (kind == '@' && field.part.file_name.empty()) {
            field.part.file_name = base;
        }
    }
    if (field.part.type.empty() && !field.part.file_name.empty()) {
        field.part.type = type_of_file(field.part.file_name);
        const bool own_text = !file && field.part.type == "application/octet-stream";
        field.part.type = own_text ? "" : field.part.type;
    }
    return field;
}

}  // namespace

std::optional<std::string> curl_file(const std::string& name, CurlSource& source) {
    if (name == "-" || name == ".") {
        if (!source.input) {
            source.left_out.remark(
                "body from stdin that the command line does not say; it is sent "
                "empty");
        }
        return source.input;
    }
    auto text = read_input_file(source.folder, name, kLargestFile);
    if (!text) {
        source.left_out.remark("body from a file that was not read; it is sent empty");
        return std::nullopt;
    }
    return *std::move(text);
}

std::optional<std::string> curl_data(const CurlTransfer& transfer, CurlSource& source) {
    std::optional<std::string> data;
    for (const CurlGiven& given : transfer.given) {
        const bool json = given.option == "json";
        if (!given.option.starts_with("data") && !json) {
            continue;
        }
        std::string part = given.value;
        if (given.option == "data-urlencode") {
            part = url_encoded(part, source);
        } else if (part.starts_with('@') && given.option != "data-raw") {
            part = curl_file(part.substr(1), source).value_or("");
            if (given.option != "data-binary" && !json) {
                std::erase_if(part, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
            }
        }
        const bool joined = data && !json;
        data = data.value_or("") + (joined ? "&" : "") + part;
    }
    return data;
}

std::string curl_url_query(const CurlTransfer& transfer, CurlSource& source) {
    std::string query;
    for (const CurlGiven& given : transfer.given) {
        if (given.option == "url-query") {
            const bool raw = given.value.starts_with('+');
            query += (query.empty() ? "" : "&") +
                     (raw ? given.value.substr(1) : url_encoded(given.value, source));
        }
    }
    return query;
}

void set_curl_form(const CurlTransfer& transfer, CurlSource& source, DraftStep& step,
                   Secrets& secrets) {
    std::vector<RawPart> parts;
    bool headers = false;
    for (const CurlGiven& given : transfer.given) {
        if (given.option != "form" && given.option != "form-string") {
            continue;
        }
        FormField field;
        if (given.option == "form-string") {
            const std::size_t equals = std::min(given.value.find('='), given.value.size());
            field.part.name = given.value.substr(0, equals);
            field.part.value = given.value.substr(std::min(equals + 1, given.value.size()));
        } else {
            field = form_field(given.value, source);
        }
        if (!field.known) {
            source.left_out.add("part of a form that a scenario cannot hold");
            continue;
        }
        field.part.bytes = !is_utf8(field.part.value);
        if (!field.part.bytes) {
            field.part.value = secrets.field(field.part.name, field.part.value);
        }
        headers = headers || !field.headers.empty();
        parts.push_back({std::move(field.part), std::move(field.headers)});
    }
    if (headers) {
        set_raw_parts(step, parts);
        return;
    }
    std::vector<DraftPart> plain;
    for (RawPart& one : parts) {
        plain.push_back(std::move(one.part));
    }
    set_parts(step, std::move(plain));
}

}  // namespace plimsoll::import
