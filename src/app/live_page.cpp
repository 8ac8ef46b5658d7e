#include "app/live_page.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "app/version.hpp"
#include "run/load_control.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:6565";
constexpr std::chrono::seconds kReadWithin{5};

}  // namespace

void UiFlags::add_to(Command& command) {
    command
        .add_option("--ui", ui,
                    fmt::format("watch and steer in a browser, at the URL that is printed "
                                "(--ui alone: {})",
                                kDefaultListen))
        ->type_name("ADDR:PORT")
        ->expected(0, 1)
        ->default_str(kDefaultListen);  // of --ui alone
    command.add_flag("--ui-readonly", readonly, "the page of --ui can be read and no more");
}

Result<std::optional<UiOptions>> UiFlags::to_options() const {
    if (ui.empty() && readonly) {
        return Error{"says how the page of --ui is to be", "--ui-readonly", "add --ui"};
    }
    if (ui.empty()) {
        return std::optional<UiOptions>();
    }
    const auto listen = parse_listen(ui);
    if (!listen) {
        return at_flag(listen.error(), "--ui");
    }
    return std::optional(UiOptions{*listen, readonly});
}

Result<std::unique_ptr<LivePage>> LivePage::open(const UiOptions& options, PageMode mode,
                                                 bool find) {
    PageServerOptions server;
    server.address = options.listen.first;
    server.port = options.listen.second;
    server.mode = mode;
    server.readonly = options.readonly;
    server.version = version();
    auto started = PageServer::start(std::move(server));
    if (!started) {
        return started.error();
    }
    auto page = std::make_unique<LivePage>(**started, find);
    page->own_ = *std::move(started);
    return page;
}

LivePage::LivePage(PageServer& server, bool find) : server_(&server) {
    LiveRunOptions options;
    options.find = find;
    live_ = server.new_run(options);
}

ExporterPtr LivePage::exporter() const {
    return std::make_unique<LivePageExporter>(live_);
}

void LivePage::attach(RunOptions& options) {
    options.more_descriptors += PageServer::kMostConnections;
    options.more_exporters = [this, others = std::move(options.more_exporters)] {
        auto exporters = others ? others() : std::vector<ExporterPtr>();
        exporters.push_back(exporter());
        return exporters;
    };
}

void LivePage::on_control(LoadControl& control, const std::filesystem::path& folder) {
    live_->set_source(folder, [&control] { return control.paused(); });
    server_->set_steering(Steering{
        [&control](const ControlRequest& request) { return control.apply(request, "the page"); },
        [&control] { return control.status(); }});
}

void LivePage::on_error(const Error& error) {
    if (!first_error_) {
        first_error_ = error;
    }
}

void LivePage::end(int exit_code, const std::filesystem::path& folder, const Analysis* analysis) {
    server_->set_steering(std::nullopt);
    LiveEnd end;
    end.exit_code = exit_code;
    std::error_code missing;
    if (std::filesystem::exists(folder / "report.html", missing)) {
        end.report = server_->add_report(folder);
    } else {
        end.error = first_error_ ? first_error_->to_string() : "there is no report";
    }
    server_->expect_readers();
    live_->end(end, analysis != nullptr ? std::make_shared<const Analysis>(*analysis) : nullptr);
    if (!own_) {
        server_->forget_run();  // a new viewer begins with the runs there are
    }
}

void LivePage::fail() {
    server_->set_steering(std::nullopt);
    server_->tell_failure(first_error_.value_or(Error{"the run did not begin", {}, {}}));
}

void LivePage::let_read() {
    server_->wait_for_readers(kReadWithin);
}

}  // namespace plimsoll
