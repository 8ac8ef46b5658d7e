#include "gather/gather_wire.hpp"

#include "store/environment.hpp"

#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

std::int64_t to_ns(WallClock::time_point at) {
    return std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch()).count();
}
WallClock::time_point from_ns(std::int64_t ns) {
    return WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(Nanoseconds(ns)));
}

std::optional<json::object> object_of(const std::string& body) {
    boost::system::error_code code;
    const json::value parsed = json::parse(body, code);
    return code || !parsed.is_object() ? std::nullopt : std::optional(parsed.as_object());
}

/// Takes values out of an object; `good` is false once one was missing or of another type.
struct Fields {
    const json::object& object;
    bool good = true;

    std::string text(std::string_view key) {
        const json::value* const value = object.if_contains(key);
        if (value == nullptr || !value->is_string()) {
            good = false;
            return {};
        }
        return std::string(value->get_string());
    }
    template <typename Number>
    Number number(std::string_view key) {
        const json::value* const value = object.if_contains(key);
        boost::system::error_code code;
        if (value == nullptr || !value->is_number()) {
            good = false;
            return {};
        }
        const auto read = value->to_number<Number>(code);
        good = good && !code;
        return code ? Number{} : read;
    }
    bool flag(std::string_view key) {
        const json::value* const value = object.if_contains(key);
        good = good && value != nullptr && value->is_bool();
        return value != nullptr && value->is_bool() && value->get_bool();
    }
};

Error no_words() {
    return Error{"is not what a gather and its segments say to each other", {}, ""};
}

}  // namespace

std::string to_json(const Hello& hello) {
    return json::serialize(json::object{{"protocol", hello.protocol},
                                        {"version", hello.version},
                                        {"segment", hello.segment.number},
                                        {"segments", hello.segment.count},
                                        {"run", hello.run_id},
                                        {"scenario_sha256", hello.scenario_sha256},
                                        {"seed", hello.seed},
                                        {"load", hello.load},
                                        {"shards", hello.shards},
                                        {"host", hello.host}});
}

Result<Hello> read_hello(const std::string& body) {
    const auto object = object_of(body);
    if (!object) {
        return no_words();
    }
    Fields fields{*object};
    Hello hello;
    hello.protocol = fields.number<int>("protocol");
    if (fields.good && hello.protocol != kGatherProtocol) {
        return hello;  // the rest may be anything
    }
    hello.version = fields.text("version");
    hello.segment = {fields.number<std::uint32_t>("segment"),
                     fields.number<std::uint32_t>("segments")};
    hello.run_id = fields.text("run");
    hello.scenario_sha256 = fields.text("scenario_sha256");
    hello.seed = fields.number<std::uint64_t>("seed");
    hello.load = fields.text("load");
    hello.shards = fields.number<std::uint32_t>("shards");
    hello.host = fields.text("host");
    constexpr std::uint32_t kMostShards = 1024;
    if (!fields.good || hello.run_id.empty() || hello.shards == 0 || hello.shards > kMostShards ||
        hello.segment.number == 0 || hello.segment.number > hello.segment.count) {
        return no_words();
    }
    return hello;
}

std::string to_json(const Orders& orders) {
    json::object object{{"have", orders.have}};
    if (orders.start) {
        object["start_ns"] = to_ns(*orders.start);
    }
    if (orders.stop || orders.abort) {
        object["stop"] = orders.stop;
        object["abort"] = orders.abort;
        object["why"] = orders.why;
    }
    json::array levels;
    for (const LevelOrder& each : orders.levels) {
        levels.push_back(json::object{{"executor", each.executor},
                                      {"number", each.number},
                                      {"open", each.open},
                                      {"level", each.level},
                                      {"at_ns", to_ns(each.at)}});
    }
    if (!levels.empty()) {
        object["levels"] = std::move(levels);
    }
    return json::serialize(object);
}

Result<Orders> read_orders(const std::string& body) {
    const auto object = object_of(body);
    if (!object) {
        return no_words();
    }
    Fields fields{*object};
    Orders orders;
    orders.have = fields.number<std::int64_t>("have");
    if (object->contains("start_ns")) {
        orders.start = from_ns(fields.number<std::int64_t>("start_ns"));
    }
    if (object->contains("stop")) {
        orders.stop = fields.flag("stop");
        orders.abort = fields.flag("abort");
        orders.why = fields.text("why");
    }
    if (const json::value* const levels = object->if_contains("levels")) {
        if (!levels->is_array()) {
            return no_words();
        }
        for (const json::value& each : levels->get_array()) {
            if (!each.is_object()) {
                return no_words();
            }
            Fields level{each.get_object()};
            orders.levels.push_back({level.number<std::uint32_t>("executor"),
                                     level.number<std::uint64_t>("number"), level.flag("open"),
                                     level.number<double>("level"),
                                     from_ns(level.number<std::int64_t>("at_ns"))});
            fields.good = fields.good && level.good;
        }
    }
    return fields.good ? Result<Orders>(orders) : Result<Orders>(no_words());
}

std::string error_json(std::string_view sentence) {
    return json::serialize(json::object{{"error", sentence}});
}

std::string read_error(const std::string& body) {
    const auto object = object_of(body);
    const json::value* const error = object ? object->if_contains("error") : nullptr;
    return error != nullptr && error->is_string() ? std::string(error->get_string()) : body;
}

std::string load_digest(const RunInfo& whole) {
    json::array load;
    for (const ExecutorInfo& executor : whole.executors) {
        json::array stages;
        for (const StageInfo& stage : executor.stages) {
            stages.push_back(json::array{stage.from.count(), stage.to.count(), stage.target});
        }
        load.push_back(json::array{executor.name, to_string(executor.kind), executor.open,
                                   executor.start_value, executor.max_users, std::move(stages)});
    }
    for (const EndpointInfo& endpoint : whole.endpoints) {
        load.push_back(json::array{endpoint.user, endpoint.name, endpoint.method});
    }
    for (const auto* const names : {&whole.groups, &whole.checks}) {
        load.push_back(json::array(names->begin(), names->end()));
    }
    load.push_back(whole.tick.count());
    return sha256_hex(json::serialize(load));
}

}  // namespace plimsoll
