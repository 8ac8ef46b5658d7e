#include "signal/metric_table.hpp"

#include "base/utf8.hpp"

#include <cassert>
#include <iterator>
#include <utility>

namespace plimsoll {
namespace {

std::vector<MetricRow> make_table() {
    std::vector<MetricRow> rows = run_metrics();
    std::vector<MetricRow> load = request_metrics();
    std::vector<MetricRow> state = load_state_metrics();
    std::move(state.begin(), state.end(), std::back_inserter(load));
    rows.insert(rows.begin() + 1, std::make_move_iterator(load.begin()),
                std::make_move_iterator(load.end()));
    return rows;
}

}  // namespace

const std::vector<MetricRow>& metric_table() {
    static const std::vector<MetricRow> table = make_table();
    return table;
}

MetricSeries& SeriesWriter::add(std::initializer_list<std::string_view> labels) {
    assert(labels.size() == family_.metric->labels.size());
    MetricSeries& series = family_.series.emplace_back();
    series.labels.reserve(labels.size());
    auto name = family_.metric->labels.begin();
    for (const std::string_view label : labels) {
        series.labels.push_back({*name++, valid_utf8(label)});
    }
    return series;
}

void SeriesWriter::value(std::initializer_list<std::string_view> labels, double value) {
    add(labels).value = value;
}

void SeriesWriter::count(std::initializer_list<std::string_view> labels, std::uint64_t count) {
    add(labels).value = static_cast<double>(count);
}

void SeriesWriter::times(std::initializer_list<std::string_view> labels, const Histogram& times) {
    add(labels).times = &times;
}

void SeriesWriter::times(std::initializer_list<std::string_view> labels,
                         std::unique_ptr<const Histogram> made) {
    add(labels).times = made.get();
    frame_.made.push_back(std::move(made));
}

void SeriesWriter::add_exemplar(const MetricExemplar& exemplar) {
    family_.series.back().exemplars.push_back(exemplar);
}

void SeriesWriter::add_label(std::string_view name, std::string_view value) {
    family_.series.back().labels.push_back({name, valid_utf8(value)});
}

}  // namespace plimsoll
