// A run of the engine, watched over a real stream.
#include "ui/live_run.hpp"

#include "engine/null_server.hpp"
#include "net/http_client.hpp"
#include "raw_socket.hpp"
#include "run/load_control.hpp"
#include "run/run.hpp"
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"
#include "ui/page_server.hpp"

#include <algorithm>
#include <thread>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

struct Message {
    std::string event;
    json::value data;
};

/// Reads events until one of this name has come, and keeps all.
class Viewer {
public:
    explicit Viewer(const PageServer& page) : client_(port_of(page)) {
        client_.send(fmt::format("GET /api/live?view={} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                                 page.access().view_key()));
        client_.read_until("\r\n\r\n");
    }
    const Message& until(const std::string& event) {
        for (;;) {
            const std::string text = client_.read_until("\n\n");
            const auto at = text.find("event: ");
            if (text.empty()) {
                ADD_FAILURE() << "the stream ended before " << event;
                all.push_back({});
                return all.back();
            }
            if (at == std::string::npos) {
                continue;
            }
            const auto data = text.find("\ndata: ");
            all.push_back({text.substr(at + 7, data - at - 7),
                           json::parse(text.substr(data + 7, text.size() - data - 9))});
            if (all.back().event == event) {
                return all.back();
            }
        }
    }
    std::vector<Message> all;

private:
    static std::uint16_t port_of(const PageServer& page) {
        const std::string address = page.url().substr(0, page.url().find("/#"));
        return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }
    test::RawClient client_;
};

class Watched final : public RunListener {
public:
    Watched(PageServer& page, std::shared_ptr<LiveRun> live)
        : page_(page), live_(std::move(live)) {}
    void on_control(LoadControl& control, const std::filesystem::path& folder) override {
        live_->set_source(folder, [&control] { return control.paused(); });
        page_.set_steering(Steering{
            [&control](const ControlRequest& request) { return control.apply(request, "a test"); },
            [&control] { return control.status(); }});
    }
    void on_error(const Error& error) override { ADD_FAILURE() << error.to_string(); }

private:
    PageServer& page_;
    std::shared_ptr<LiveRun> live_;
};

TEST(LiveRun, TellsAViewerWhatTheRunFileHoldsInTheEnd) {
    const test::TempFolder folder;
    const auto target = NullServer::start(-1);
    ASSERT_TRUE(target);
    const std::string text = fmt::format(
        "target: http://127.0.0.1:{}\n"
        "users: {{visitor: {{flow: [{{get: /a}}]}}}}\n"
        "load: [{{executor: externally-controlled, name: load, rate: 40/s, max_vus: 20, "
        "duration: 10m}}]\n"
        "probes: {{host: false, canaries: {{tcp_connect: off}}}}\n",
        (*target)->port());
    ParseOutcome parsed = parse_scenario(text, {"live.yaml", {}});
    ASSERT_TRUE(parsed.scenario) << format_faults(parsed.faults, "live.yaml");
    auto page = PageServer::start({});
    ASSERT_TRUE(page);
    const auto live = (*page)->new_run({});
    Watched listener(**page, live);
    StopQueue stops;
    RunOptions options;
    options.folder = folder.path() / "run";
    options.calibrate = false;
    options.more_exporters = [&] {
        std::vector<ExporterPtr> exporters;
        exporters.push_back(std::make_unique<LivePageExporter>(live));
        return exporters;
    };
    Viewer viewer(**page);
    RunOutcome outcome;
    std::thread running([&] {
        plimsoll::Run run(*parsed.scenario, std::move(options), stops, listener);
        outcome = run.execute();
        (*page)->set_steering(std::nullopt);
        live->end({0, "/runs/run/report.html", {}},
                  outcome.analysis ? std::make_shared<const Analysis>(*outcome.analysis) : nullptr);
    });
    const json::value begin = viewer.until("begin").data;
    EXPECT_TRUE(begin.at("executors").at(0).at("steered").as_bool());
    EXPECT_EQ(begin.at("endpoints").at(0).at("name").as_string(), "/a");
    viewer.until("tick");

    auto client = HttpClient::create((*page)->url().substr(0, (*page)->url().find("/#")));
    ASSERT_TRUE(client);
    const auto steer = [&](const std::string& body) {
        const auto done = client->send({"POST",
                                        "/api/control",
                                        {{"Authorization", "Bearer " + (*page)->access().token()},
                                         {"Content-Type", "application/json"}},
                                        body},
                                       Clock::now() + std::chrono::seconds(20));
        EXPECT_TRUE(done.ok() && done->status == 200) << (done.ok() ? done->body : "");
    };
    steer(R"({"note": "deployed v2"})");
    steer(R"({"paused": true})");
    viewer.until("tick");
    viewer.until("tick");
    steer(R"({"paused": false, "stopped": true})");
    const json::value over = viewer.until("over").data;
    running.join();

    EXPECT_EQ(over.at("report").as_string(), "/runs/run/report.html");
    bool noted = false;
    bool marked = false;
    std::uint64_t requests = 0;
    bool paused = false;
    bool final_verdict = false;
    for (const Message& message : viewer.all) {
        if (message.event == "verdict") {
            final_verdict = final_verdict || message.data.at("final").as_bool();
        }
        if (message.event != "tick") {
            continue;
        }
        const json::object& tick = message.data.as_object();
        const json::object& state = tick.at("state").as_object();
        paused = paused || state.at("paused").as_bool();
        if (const json::value& count = state.at("requests"); count.is_number()) {
            requests = count.to_number<std::uint64_t>();
        }
        if (const auto* const events = tick.if_contains("events")) {
            for (const json::value& event : events->as_array()) {
                noted = noted || (event.at("text").as_string() == "deployed v2" &&
                                  event.at("kind").as_string() == "marked");
            }
        }
        if (const auto* const markers = tick.if_contains("markers")) {
            for (const json::value& event : markers->at("events").as_array()) {
                marked = marked || event.at("label").as_string() == "note: deployed v2";
            }
        }
    }
    EXPECT_TRUE(noted);
    EXPECT_TRUE(marked);
    EXPECT_TRUE(paused);
    EXPECT_TRUE(final_verdict);
    ASSERT_TRUE(outcome.reader && outcome.analysis);
    EXPECT_EQ(requests, outcome.analysis->requests);
    const auto events = outcome.reader->events();
    ASSERT_TRUE(events);
    std::vector<std::string> texts;
    for (const StoredEvent& event : *events) {
        texts.push_back(event.text);
    }
    for (const char* const said :
         {"note: deployed v2", "load: paused", "load: goes on with 40/s"}) {
        EXPECT_NE(std::find(texts.begin(), texts.end(), said), texts.end()) << said;
    }
}

}  // namespace
}  // namespace plimsoll
