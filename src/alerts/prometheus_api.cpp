#include "alerts/prometheus_api.hpp"

#include "net/url_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

/// Prometheus gives at most 11,000 points of a series at once.
constexpr std::int64_t kMostSteps = 10'000;

double number_of(const json::value& value) {
    if (const auto* text = value.if_string()) {
        if (*text == "NaN") {
            return std::nan("");
        }
        if (*text == "+Inf" || *text == "-Inf") {
            const double infinite = std::numeric_limits<double>::infinity();
            return *text == "+Inf" ? infinite : -infinite;
        }
        double number = std::nan("");
        std::from_chars(text->data(), text->data() + text->size(), number);
        return number;
    }
    return value.is_number() ? value.to_number<double>() : std::nan("");
}

SeriesLabels labels_of(const json::object& object) {
    SeriesLabels labels;
    for (const auto& [name, value] : object) {
        const auto* text = value.if_string();
        labels.emplace_back(std::string(name), text != nullptr ? std::string(*text) : "");
    }
    std::sort(labels.begin(), labels.end());
    return labels;
}

std::string seconds_text(std::int64_t ms) {
    return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

/// What stands at "data" of an answer, or what the server says instead.
Result<json::value> data_of(const std::string& body) {
    boost::system::error_code problem;
    json::value answer = json::parse(body, problem);
    const auto* object = problem ? nullptr : answer.if_object();
    if (object == nullptr) {
        return Error{"the answer is no JSON", "Prometheus", {}};
    }
    const auto* status = object->if_contains("status");
    const auto* data = object->if_contains("data");
    if (status != nullptr && status->is_string() && status->get_string() == "success" &&
        data != nullptr) {
        return *data;
    }
    const auto* error = object->if_contains("error");
    return Error{error != nullptr && error->is_string()
                     ? std::string(error->get_string())
                     : "the answer says neither success nor why not",
                 "Prometheus",
                 {}};
}

void add_points(const json::value& series, std::map<SeriesLabels, QueriedSeries>& into) {
    const auto* object = series.if_object();
    const auto* metric = object == nullptr ? nullptr : object->if_contains("metric");
    const auto* values = object == nullptr ? nullptr : object->if_contains("values");
    if (metric == nullptr || values == nullptr || !metric->is_object() || !values->is_array()) {
        return;
    }
    SeriesLabels labels = labels_of(metric->get_object());
    QueriedSeries& to = into[labels];
    to.labels = std::move(labels);
    for (const json::value& point : values->get_array()) {
        const auto* pair = point.if_array();
        if (pair != nullptr && pair->size() == 2) {
            to.points.push_back(
                {std::llround(number_of((*pair)[0]) * 1000), number_of((*pair)[1])});
        }
    }
}

}  // namespace

Result<PrometheusApi> PrometheusApi::create(const std::string& url) {
    HttpClientOptions options;
    options.max_response_bytes = 256U << 20U;
    auto client = HttpClient::create(url, options);
    if (!client) {
        return client.error();
    }
    return PrometheusApi(std::move(*client));
}

Result<std::string> PrometheusApi::post(const std::string& target, const std::string& form,
                                        Clock::time_point deadline) {
    HttpRequest request;
    request.method = "POST";
    request.target = target;
    request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    request.body = form;
    auto answer = client_.send(request, deadline);
    if (!answer) {
        return answer.error();
    }
    return std::move(answer->body);
}

Result<std::vector<QueriedSeries>> PrometheusApi::query_range(const std::string& expression,
                                                              std::int64_t start_ms,
                                                              std::int64_t end_ms,
                                                              std::int64_t step_ms,
                                                              Clock::time_point deadline) {
    std::map<SeriesLabels, QueriedSeries> found;
    for (std::int64_t from = start_ms; from <= end_ms; from += kMostSteps * step_ms) {
        const std::int64_t to = std::min(end_ms, from + (kMostSteps - 1) * step_ms);
        const auto body =
            post("/api/v1/query_range",
                 fmt::format("query={}&start={}&end={}&step={}", percent_encoded(expression),
                             seconds_text(from), seconds_text(to), seconds_text(step_ms)),
                 deadline);
        if (!body) {
            return body.error();
        }
        const auto data = data_of(*body);
        if (!data) {
            return data.error();
        }
        const auto* object = data->if_object();
        const auto* result = object == nullptr ? nullptr : object->if_contains("result");
        if (result == nullptr || !result->is_array()) {
            return Error{"the answer has no result", "Prometheus", {}};
        }
        for (const json::value& series : result->get_array()) {
            add_points(series, found);
        }
    }
    std::vector<QueriedSeries> out;
    out.reserve(found.size());
    for (auto& [labels, series] : found) {
        out.push_back(std::move(series));
    }
    return out;
}

Result<std::vector<SeriesLabels>> PrometheusApi::series(const std::string& selector,
                                                        std::int64_t start_ms, std::int64_t end_ms,
                                                        Clock::time_point deadline) {
    const auto body = post("/api/v1/series",
                           fmt::format("match[]={}&start={}&end={}", percent_encoded(selector),
                                       seconds_text(start_ms), seconds_text(end_ms)),
                           deadline);
    if (!body) {
        return body.error();
    }
    const auto data = data_of(*body);
    if (!data) {
        return data.error();
    }
    std::vector<SeriesLabels> out;
    if (const auto* list = data->if_array()) {
        for (const json::value& each : *list) {
            if (const auto* object = each.if_object()) {
                out.push_back(labels_of(*object));
            }
        }
    }
    return out;
}

}  // namespace plimsoll
