#include "probes/app_metrics/exposition_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace plimsoll {
namespace {

/// Reads one line from its front. Every step says whether it could.
class LineReader {
public:
    explicit LineReader(std::string_view line) : rest_(line) { skip_blanks(); }

    [[nodiscard]] bool done() const { return rest_.empty(); }
    [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

    bool take(char c) {
        if (!at(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        skip_blanks();
        return true;
    }

    bool name(std::string& out) {
        if (at('"')) {
            return quoted(out) && !out.empty();
        }
        std::size_t size = 0;
        const auto fits = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == ':' || c == '.';
        };
        while (size < rest_.size() && fits(rest_[size])) {
            ++size;
        }
        out.assign(rest_.substr(0, size));
        rest_.remove_prefix(size);
        skip_blanks();
        return size > 0 && (out.front() < '0' || out.front() > '9');
    }

    bool quoted(std::string& out) {
        if (!at('"')) {
            return false;
        }
        out.clear();
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != '"'; ++i) {
            if (rest_[i] == '\\' && i + 1 < rest_.size()) {
                ++i;
                out += rest_[i] == 'n' ? '\n' : rest_[i];
            } else {
                out += rest_[i];
            }
        }
        if (i >= rest_.size()) {
            return false;
        }
        rest_.remove_prefix(i + 1);
        skip_blanks();
        return true;
    }

    /// "{a="x", "b.c"="y",}"; a quoted entry without '=' is the metric's name.
    bool labels(MetricSample& sample) {
        if (!take('{')) {
            return false;
        }
        while (!take('}')) {
            const bool may_be_name = at('"');
            std::pair<std::string, std::string> label;
            if (!name(label.first)) {
                return false;
            }
            if (take('=')) {
                if (!quoted(label.second)) {
                    return false;
                }
                sample.labels.push_back(std::move(label));
            } else if (may_be_name && sample.name.empty()) {
                sample.name = std::move(label.first);
            } else {
                return false;
            }
            if (!take(',') && !at('}')) {
                return false;
            }
        }
        return true;
    }

    bool number(double& out) {
        const std::size_t size = std::min(rest_.find_first_of(" \t"), rest_.size());
        std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        skip_blanks();
        const bool plus = word.starts_with('+');
        word.remove_prefix(plus ? 1 : 0);
        const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), out);
        return failed == std::errc() && end == word.data() + word.size();  // NaN and Inf included
    }

private:
    void skip_blanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    }
    std::string_view rest_;
};

bool read_series(LineReader& line, MetricSample& sample) {
    if (!line.at('{') && !line.name(sample.name)) {
        return false;
    }
    return (!line.at('{') || line.labels(sample)) && !sample.name.empty();
}

}  // namespace

std::string_view MetricSample::label(std::string_view wanted) const {
    const auto found = std::find_if(labels.begin(), labels.end(),
                                    [&](const auto& label) { return label.first == wanted; });
    return found == labels.end() ? std::string_view() : found->second;
}

Result<std::optional<MetricSample>> ExpositionReader::next() {
    while (!rest_.empty()) {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        std::string_view text = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        ++line_;
        if (text.ends_with('\r')) {
            text.remove_suffix(1);
        }
        LineReader line(text);
        if (line.done() || line.at('#')) {
            continue;
        }
        MetricSample sample;
        if (!read_series(line, sample) || !line.number(sample.value)) {
            constexpr std::size_t kShown = 60;
            return Error{
                "is no sample of a metric: \"" + std::string(text.substr(0, kShown)) + "\"",
                "line " + std::to_string(line_)};
        }
        return std::optional(std::move(sample));
    }
    return std::optional<MetricSample>();
}

Result<MetricSample> parse_selector(std::string_view text) {
    MetricSample selector;
    LineReader line(text);
    const bool good = (line.at('{') || line.name(selector.name)) &&
                      (!line.at('{') || line.labels(selector)) && line.done();
    if (good && selector.name.empty()) {
        selector.name = selector.label("__name__");
        std::erase_if(selector.labels, [](const auto& label) { return label.first == "__name__"; });
    }
    if (!good || selector.name.empty()) {
        return Error{"must be the name of a metric, with or without labels to pick its series by",
                     "", "e.g. my_pool_size or my_pool_connections{pool=\"main\",state=\"busy\"}"};
    }
    return selector;
}

}  // namespace plimsoll
