// Files of test data.
#include "scenario/expression.hpp"
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

void read_source(const Item::Named& entry, ReadContext& context) {
    constexpr std::array<std::string_view, 4> kKeys{"csv", "json", "pick", "encoding"};
    constexpr std::array<std::string_view, 3> kPicks{"sequential", "random", "unique"};
    constexpr const char* kExample = "e.g. accounts: {csv: accounts.csv, pick: sequential}";
    const Item& item = entry.item;
    if (!is_identifier(entry.name) || is_builtin_name(entry.name)) {
        item.at_key().fault("must be a name of letters, digits and _ that expressions do not use",
                            "e.g. accounts, for ${accounts.email}");
        return;
    }
    if (!item.require_map("a map with a csv or json file", kExample)) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto csv = fields.get("csv");
    const auto json = fields.get("json");
    if (!csv && !json) {
        if (!fields.has_unknown()) {
            item.fault("has no file; csv or json is needed", kExample);
        }
        return;
    }
    if (csv && json) {
        json->fault("stands beside csv; a data source is one file");
    }
    const Item& file = csv ? *csv : *json;
    const auto pick = fields.get("pick");
    const std::size_t how = pick ? pick->choice(kPicks).value_or(0) : 0;
    const auto coded = fields.get("encoding");
    const auto encoding = coded ? coded->text("an encoding's name") : std::string();
    const auto written = file.text("a file");
    if (!written || !encoding) {
        return;
    }
    const std::string path = context.path_of(*written);
    auto source =
        csv ? DataSource::open_csv(entry.name, path, static_cast<DataPick>(how), *encoding)
            : DataSource::open_json(entry.name, path, static_cast<DataPick>(how), *encoding);
    if (!source) {
        const Error& error = source.error();
        context.broken_data.push_back(entry.name);
        file.fault(
            error.where.empty() ? error.what : fmt::format("{}: {}", error.where, error.what),
            error.hint);
        return;
    }
    context.data.push_back(*std::move(source));
}

}  // namespace

void read_data(const Item& item) {
    if (!item.require_map("a map of data sources", "e.g. data: {accounts: {csv: accounts.csv}}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        read_source(entry, item.context());
    }
}

}  // namespace plimsoll
