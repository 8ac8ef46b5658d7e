#include "ui/live_tables.hpp"

#include "report/chart_json.hpp"
#include "report/text.hpp"
#include "ui/tick_figures.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::plotted;

double span_of(const Snapshot& snapshot) {
    return to_seconds(snapshot.to - snapshot.from);
}

}  // namespace

void LiveTables::add_tick(const Snapshot& snapshot) {
    const double span_s = span_of(snapshot);
    const double t_s = to_seconds(snapshot.from - run_.start.mono) + span_s / 2;
    const double tick_s = to_seconds(run_.tick);
    const bool told = gives_rate(span_s, tick_s);
    for (std::size_t i = 0; told && i < sparks_.size() && i < snapshot.delta.size(); ++i) {
        const EndpointStats& delta = snapshot.delta[i];
        sparks_[i].push_back(
            {t_s, rate_of(ended(delta), span_s, tick_s), quantile_of(delta.response, 0.99)});
        if (sparks_[i].size() > kSpark) {
            sparks_[i].pop_front();
        }
    }
    for (const ErrorSample& sample : snapshot.errors) {
        const ErrorKey key{sample.endpoint, sample.outcome, sample.status, sample.fingerprint};
        const auto found = errors_.find(key);
        if (found == errors_.end() && errors_.size() >= kMostErrors) {
            continue;
        }
        const double at_s = to_seconds(sample.at - run_.start.mono);
        Error& error = errors_[key];
        if (error.count == 0) {
            error.text = report::clean_text(sample.text);
            error.first_s = at_s;
        }
        error.count += sample.count;
        error.last_s = at_s;
        errors_changed_ = true;
    }
}

json::array LiveTables::endpoints() const {
    json::array all;
    for (std::size_t i = 0; i < run_.endpoints.size(); ++i) {
        std::vector<double> t_s;
        std::vector<double> rate;
        std::vector<double> p99_s;
        for (const Spark& spark : sparks_[i]) {
            t_s.push_back(spark.t_s);
            rate.push_back(spark.rate);
            p99_s.push_back(spark.p99_s);
        }
        const EndpointInfo& endpoint = run_.endpoints[i];
        all.push_back(json::object{{"user", endpoint.user},
                                   {"name", endpoint.name},
                                   {"method", endpoint.method},
                                   {"spark", json::object{{"t", report::times(t_s)},
                                                          {"rate", plotted(rate)},
                                                          {"p99_s", plotted(p99_s)}}}});
    }
    return all;
}

json::array LiveTables::rows(const Snapshot& snapshot) const {
    const double span_s = span_of(snapshot);
    const double tick_s = to_seconds(run_.tick);
    json::array all;
    for (std::size_t i = 0; i < snapshot.total.size(); ++i) {
        const EndpointStats& total = snapshot.total[i];
        const EndpointStats& delta = snapshot.delta[i];
        const double max_s =
            total.response.empty() ? report::kNoValue : to_seconds(total.response.max());
        all.push_back(json::array{
            total.requests, total.failed, plotted(rate_of(ended(delta), span_s, tick_s)),
            plotted(rate_of(delta.failed, span_s, tick_s)),
            plotted(quantile_of(total.response, 0.5)), plotted(quantile_of(total.response, 0.95)),
            plotted(quantile_of(total.response, 0.99)), plotted(max_s),
            plotted(quantile_of(delta.response, 0.99))});
    }
    return all;
}

json::array LiveTables::errors() const {
    std::vector<std::pair<const ErrorKey*, const Error*>> all;
    for (const auto& [key, error] : errors_) {
        all.emplace_back(&key, &error);
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.second->count > b.second->count;
    });
    json::array shown;
    for (std::size_t i = 0; i < all.size() && i < kErrorsShown; ++i) {
        const auto& [endpoint, outcome, status, fingerprint] = *all[i].first;
        const Error& error = *all[i].second;
        const bool known = endpoint < run_.endpoints.size();
        shown.push_back(
            json::object{{"endpoint", endpoint},
                         {"method", known ? run_.endpoints[endpoint].method : std::string()},
                         {"name", known ? run_.endpoints[endpoint].name : std::string()},
                         {"outcome", to_string(outcome)},
                         {"status", status},
                         {"text", error.text},
                         {"count", error.count},
                         {"first_s", plotted(error.first_s)},
                         {"last_s", plotted(error.last_s)}});
    }
    return shown;
}

bool LiveTables::take_errors_changed() {
    return std::exchange(errors_changed_, false);
}

}  // namespace plimsoll
