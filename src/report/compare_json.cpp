#include "report/compare_report.hpp"
#include "report/json_text.hpp"
#include "report/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;

json::object row_of(const CompareRow& row) {
    json::value interval = nullptr;
    if (row.change || row.group == "load") {
        interval = json::array{row.interval[0], row.interval[1]};
    }
    return {{"group", row.group},
            {"name", row.name},
            {"unit", to_string(row.unit)},
            {"more_is_better", row.more_is_better},
            {"base", report::number_or_null(row.base)},
            {"now", report::number_or_null(row.now)},
            {"change", report::number_or_null(row.change)},
            {"interval", std::move(interval)},
            {"tolerated", row.tolerated},
            {"run_spread", report::number_or_null(row.run_spread)},
            {"verdict", to_string(row.verdict)},
            {"why", row.why}};
}

json::array runs_of(const std::vector<ComparedRunInfo>& runs) {
    json::array array;
    for (const ComparedRunInfo& run : runs) {
        array.push_back(json::object{{"id", run.id},
                                     {"scenario", run.scenario},
                                     {"version", run.version},
                                     {"started", run.started},
                                     {"duration_s", run.duration_s},
                                     {"validity", run.verdict}});
    }
    return array;
}

}  // namespace

std::string compare_json(const CompareResult& result) {
    json::array rows;
    for (const CompareRow& row : result.rows) {
        rows.push_back(row_of(row));
    }
    return report::pretty_json(json::object{{"schema", kCompareSchema},
                                            {"regressed", result.regressed()},
                                            {"tolerance", result.tolerance},
                                            {"base", runs_of(result.base)},
                                            {"now", runs_of(result.now)},
                                            {"rows", std::move(rows)},
                                            {"changed", report::texts_of(result.changed)},
                                            {"notes", report::texts_of(result.notes)},
                                            {"forced", report::texts_of(result.forced)}});
}

}  // namespace plimsoll
