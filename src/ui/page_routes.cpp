// What the page's server answers.
#include "base/log.hpp"
#include "net/url_text.hpp"
#include "report/embedded.hpp"
#include "report/json_text.hpp"
#include "ui/page_server.hpp"
#include "ui/scenario_files.hpp"

#include <algorithm>
#include <string_view>

#include <boost/json/parse.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;

constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A report is a page of its own: it may run its script, and reach nothing here.
constexpr std::string_view kReportPolicy =
    "sandbox allow-scripts allow-popups allow-downloads; default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

/// What every answer says to browsers.
HttpResponse guarded(HttpResponse response, std::string_view policy = kPagePolicy) {
    response.headers.push_back({"Content-Security-Policy", std::string(policy)});
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    response.headers.push_back({"Cache-Control", "no-store"});
    response.headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
    response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
    return response;
}

HttpResponse json_answer(int status, const json::value& value) {
    return guarded(make_response(status, "application/json", report::script_json(value) + '\n'));
}

json::object error_json(const Error& error) {
    return {{"what", error.what}, {"where", error.where}, {"hint", error.hint}};
}

HttpResponse refusal(int status, const Error& error) {
    return json_answer(status, json::object{{"error", error_json(error)}});
}

HttpResponse no_such_page(const HttpRequest& request) {
    return refusal(404, {"there is nothing here", std::string(request.path()), {}});
}

HttpResponse embedded_file(std::string_view type, std::string_view content) {
    return guarded(make_response(200, type, std::string(content)));
}

std::string_view name_of(PageMode mode) {
    return mode == PageMode::Run ? "run" : mode == PageMode::Probe ? "probe" : "start";
}

/// What lies between `before` and `after` in `path`, where it has both.
std::optional<std::string> middle_of(std::string_view path, std::string_view before,
                                     std::string_view after) {
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
        !path.ends_with(after)) {
        return std::nullopt;
    }
    path.remove_prefix(before.size());
    path.remove_suffix(after.size());
    return percent_decode(path);
}

}  // namespace

void PageServer::handle(const HttpRequest& request, Responder responder) {
    const std::string_view path = request.path();
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (reads && (path == "/" || path == "/index.html")) {
        return responder.send(embedded_file(kHtml, embedded::ui_html));
    }
    if (reads && path == "/ui.css") {
        return responder.send(embedded_file("text/css; charset=utf-8", embedded::ui_css));
    }
    if (reads && path == "/ui.js") {
        return responder.send(embedded_file("text/javascript; charset=utf-8", embedded::ui_js));
    }
    if (reads) {
        return read(request, std::move(responder));
    }
    if (request.method == "POST") {
        return change(request, std::move(responder));
    }
    responder.send(refusal(405, {"GET and POST are taken here", request.method, {}}));
}

void PageServer::read(const HttpRequest& request, Responder responder) {
    const std::string_view path = request.path();
    const bool is_start = options_.mode == PageMode::Start;
    if (!access_.may_read(request)) {
        return responder.send(refusal(
            401, {"the token is missing or wrong", {}, "open the URL that plimsoll printed"}));
    }
    if (path == "/api/session") {
        // The view key is for who has the token alone.
        return responder.send(access_.has_token(request)
                                  ? session()
                                  : refusal(401, {"needs the token", "Authorization", {}}));
    }
    if (path == "/api/live") {
        return open_live(request, std::move(responder));
    }
    if (path.starts_with("/runs/")) {
        return serve_report(request, std::move(responder));
    }
    if (is_start && path == "/compare") {
        return serve_comparison(request, std::move(responder));
    }
    if (is_start && path == "/api/runs") {
        return later(std::move(responder), [this] { return json_answer(200, past_runs_->list()); });
    }
    if (is_start && path == "/api/scenarios") {
        return later(std::move(responder),
                     [this] { return json_answer(200, scenario_files(options_.scenarios)); });
    }
    if (const auto name = middle_of(path, "/api/scenarios/", ""); is_start && name) {
        return later(std::move(responder), [this, name = *name] {
            const auto file = scenario_file(options_.scenarios, name);
            return file ? json_answer(200, *file) : refusal(404, file.error());
        });
    }
    responder.send(no_such_page(request));
}

/// Every refusal comes before anything is looked at that was sent.
void PageServer::change(const HttpRequest& request, Responder responder) {
    const std::string* const type = find_header(request.headers, "Content-Type");
    const bool is_json =
        type != nullptr &&
        equal_ignoring_case(std::string_view(*type).substr(0, type->find(';')), "application/json");
    if (!is_same_origin(request)) {
        responder.send(refusal(403, {"requests of other pages are not taken", "Origin", {}}));
    } else if (!access_.has_token(request)) {
        responder.send(refusal(401, {"the token is missing or wrong", "Authorization",
                                     "open the URL that plimsoll printed"}));
    } else if (!is_json) {
        responder.send(refusal(415, {"must be application/json", "Content-Type", {}}));
    } else if (options_.readonly) {
        responder.send(refusal(
            403, {"this page can be read and no more", {}, "it was opened with --ui-readonly"}));
    } else if (request.path() == "/api/control") {
        responder.send(control(request));
    } else if (request.path() == "/api/runs" && options_.mode == PageMode::Start) {
        later(std::move(responder), [this, request] { return start_run(request); });
    } else {
        responder.send(no_such_page(request));
    }
}

HttpResponse PageServer::session() const {
    return json_answer(200, json::object{{"version", options_.version},
                                         {"mode", name_of(options_.mode)},
                                         {"readonly", options_.readonly},
                                         {"view", access_.view_key()}});
}

void PageServer::open_live(const HttpRequest& request, Responder responder) {
    const std::string* const header = find_header(request.headers, "Last-Event-ID");
    const std::string last =
        header != nullptr ? *header : query_value(request, "last").value_or("");
    const std::lock_guard lock(feed_.mutex());
    if (feed_.is_full()) {
        return responder.send(
            refusal(503, {"too many watch already", {}, "close another window of this page"}));
    }
    feed_.add(responder.stream(guarded(make_response(200, "text/event-stream", {}))), last, [this] {
        return live_ ? live_->begin_message() : FeedMessage{"idle", "{}"};
    });
}

HttpResponse PageServer::control(const HttpRequest& request) {
    const auto asked = read_control_request(request.body);
    if (!asked) {
        return refusal(400, asked.error());
    }
    const std::lock_guard lock(steering_mutex_);
    if (!steering_) {
        return refusal(409, {"no load runs that could be steered", {}, {}});
    }
    if (const Status applied = steering_->apply(*asked); !applied) {
        return refusal(409, applied.error());
    }
    return guarded(make_response(200, "application/json", steering_->status() + '\n'));
}

HttpResponse PageServer::start_run(const HttpRequest& request) {
    boost::system::error_code broken;
    const json::value body = json::parse(request.body, broken);
    const auto* const object = broken ? nullptr : body.if_object();
    const auto* const given = object != nullptr ? object->if_contains("scenario") : nullptr;
    if (given == nullptr || !given->is_string() || object->size() != 1) {
        return refusal(400, {"must name a file and nothing else", "the request's body",
                             R"(e.g. {"scenario": "checkout.yaml"})"});
    }
    const auto file = entry_of(options_.scenarios, std::string(given->get_string()));
    if (!file) {
        return refusal(404, file.error());
    }
    const auto parsed = parse_file(*file);
    if (!parsed) {
        return refusal(400, parsed.error());
    }
    if (!parsed->scenario) {
        return json_answer(
            400,
            json::object{{"error", error_json({"the file is at fault", file->filename().string(),
                                               "nothing was sent"})},
                         {"faults", faults_json(parsed->faults)}});
    }
    if (const Status started = options_.start_run(*file); !started) {
        return refusal(409, started.error());
    }
    return json_answer(202, json::object{{"scenario", *given}});
}

Result<std::filesystem::path> PageServer::run_folder(const std::string& name) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = reports_.find(name); found != reports_.end()) {
            return found->second;
        }
    }
    return options_.mode == PageMode::Start
               ? entry_of(options_.results, name)
               : Result<std::filesystem::path>(Error{"there is no such run here", name, {}});
}

void PageServer::serve_report(const HttpRequest& request, Responder responder) {
    const auto name = middle_of(request.path(), "/runs/", "/report.html");
    const auto folder = name ? run_folder(*name) : Result<std::filesystem::path>(Error{""});
    if (!folder) {
        return responder.send(no_such_page(request));
    }
    hand_to_slow(std::move(responder), [this, folder = *folder](Responder owed) {
        send_report(folder, std::move(owed));
    });
}

/// As a stream, which tells when the client has all of it: a process that ends waits for that.
void PageServer::send_report(const std::filesystem::path& folder, Responder responder) {
    auto page = report_of(folder);
    if (!page) {
        return responder.send(refusal(404, page.error()));
    }
    HttpStream stream = responder.stream(guarded(make_response(200, kHtml, {}), kReportPolicy));
    stream.write(std::make_shared<const std::string>(*std::move(page)));
    stream.end();
    const std::lock_guard lock(mutex_);
    // Those that are through need not be kept, only counted while somebody counts.
    if (readers_expected_ == 0) {
        std::erase_if(reports_sent_, [](const HttpStream& each) { return !each.open(); });
    }
    reports_sent_.push_back(std::move(stream));
}

void PageServer::serve_comparison(const HttpRequest& request, Responder responder) {
    const auto base = run_folder(query_value(request, "base").value_or(""));
    const auto run = run_folder(query_value(request, "run").value_or(""));
    if (!base || !run) {
        return responder.send(refusal(404, base ? run.error() : base.error()));
    }
    later(std::move(responder), [base = *base, run = *run] {
        auto page = comparison_of(base, run);
        return page ? guarded(make_response(200, kHtml, *std::move(page)), kReportPolicy)
                    : refusal(409, page.error());
    });
}

/// On the thread for what takes its time.
void PageServer::hand_to_slow(Responder responder, std::function<void(Responder)> work) {
    auto owed = std::make_shared<Responder>(std::move(responder));
    if (!slow_->add([owed, work = std::move(work)] { work(std::move(*owed)); })) {
        owed->send(refusal(503, {"too much is asked for at once", {}, "try again"}));
    }
}

void PageServer::later(Responder responder, std::function<HttpResponse()> answer) {
    hand_to_slow(std::move(responder),
                 [answer = std::move(answer)](Responder owed) { owed.send(answer()); });
}

}  // namespace plimsoll
