// The page on which a run is watched and steered, as a command opens it: --ui.
#pragma once

#include "base/result.hpp"
#include "run/run.hpp"
#include "scenario/listen_address.hpp"
#include "ui/page_server.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace plimsoll {

class Command;

struct UiOptions {
    ListenAddress listen;
    bool readonly = false;
};

/// --ui [ADDR:PORT] and --ui-readonly.
struct UiFlags {
    std::string ui;  // where; empty: no page is asked for
    bool readonly = false;

    void add_to(Command& command);
    /// Nothing: no page is asked for. Error: no place to listen at.
    [[nodiscard]] Result<std::optional<UiOptions>> to_options() const;
};

/// One run's page. Threading: as RunListener; `attach` before the run.
class LivePage {
public:
    /// A server of its own. Error: the port is taken.
    [[nodiscard]] static Result<std::unique_ptr<LivePage>> open(const UiOptions& options,
                                                                PageMode mode, bool find);
    /// On a server that outlives it.
    LivePage(PageServer& server, bool find);

    [[nodiscard]] std::string url() const { return server_->url(); }
    /// Makes the run hand its data over.
    void attach(RunOptions& options);
    [[nodiscard]] ExporterPtr exporter() const;
    void on_control(LoadControl& control, const std::filesystem::path& folder);
    /// Of a run without load.
    void set_steering(std::optional<Steering> steering) {
        server_->set_steering(std::move(steering));
    }
    void on_error(const Error& error);

    /// The run is over and its report written; `analysis` null: it could not be judged.
    void end(int exit_code, const std::filesystem::path& folder, const Analysis* analysis);
    /// It did not come up.
    void fail();
    /// So that those who watched can fetch the report from a process that ends.
    void let_read();

private:
    std::unique_ptr<PageServer> own_;
    PageServer* server_;
    std::shared_ptr<LiveRun> live_;
    std::optional<Error> first_error_;
};

}  // namespace plimsoll
