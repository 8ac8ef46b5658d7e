#include "app/request_estimate.hpp"

#include <algorithm>
#include <charconv>

namespace plimsoll {
namespace {

double mean_s(const Think& think) {
    const double a = to_seconds(think.a);
    switch (think.kind) {
        case Think::Kind::None:
            return 0;
        case Think::Kind::Uniform:
            return (a + to_seconds(think.b)) / 2;
        case Think::Kind::Constant:
        case Think::Kind::Normal:
        case Think::Kind::Exponential:
            break;
    }
    return a;
}

double rounds_of(const Template& written) {
    double rounds = 1;
    if (written.is_constant()) {
        const std::string text = written.text();
        std::from_chars(text.data(), text.data() + text.size(), rounds);
    }
    return std::max(0.0, rounds);
}

/// Goes through a flow's program once, with how often each instruction is expected to run.
class ExpectedFlow {
public:
    ExpectedFlow(const UserClass& user, const Flow& flow)
        : flow_(flow), times_(flow.ops.size() + 1, 0.0), visits_(user.steps.size(), 0.0) {
        if (flow.ops.empty()) {
            return;
        }
        times_[0] = 1;
        for (std::size_t at = 0; at < flow.ops.size(); ++at) {
            run(user, at, flow.ops[at]);
        }
    }
    [[nodiscard]] const std::vector<double>& visits() const { return visits_; }
    [[nodiscard]] double thinking_s() const { return thinking_s_; }

private:
    void run(const UserClass& user, std::size_t at, const Op& op) {
        const double times = times_[at];
        double next = times;
        switch (op.kind) {
            case Op::Kind::Request:
                visit(op.a, times);
                if (op.a < user.steps.size()) {
                    thinking_s_ += times * mean_s(user.steps[op.a].think.value_or(user.think));
                }
                break;
            case Op::Kind::Parallel:
                for (std::uint32_t step = 0; step < op.b; ++step) {
                    visit(op.a + step, times);
                }
                break;
            case Op::Kind::Think:
                thinking_s_ += times * (op.a < user.thinks.size() ? mean_s(user.thinks[op.a]) : 0);
                break;
            case Op::Kind::LoopBegin:
                outside_.push_back(times);
                next =
                    times * (op.b < flow_.templates.size() ? rounds_of(flow_.templates[op.b]) : 1);
                break;
            case Op::Kind::LoopEnd:
                next = outside_.empty() ? times : outside_.back();
                if (!outside_.empty()) {
                    outside_.pop_back();
                }
                break;
            case Op::Kind::Jump:
                go(op.target, times);
                next = 0;
                break;
            case Op::Kind::JumpUnless:  // nobody knows: half of the times
                go(op.target, times / 2);
                next = times / 2;
                break;
            case Op::Kind::Choose:
                choose(op, times);
                next = 0;
                break;
            case Op::Kind::End:
                next = 0;
                break;
            case Op::Kind::GroupBegin:
            case Op::Kind::GroupEnd:
            case Op::Kind::Set:
                break;
        }
        times_[at + 1] += next;
    }

    void choose(const Op& op, double times) {
        double weights = 0;
        for (std::uint32_t i = 0; i < op.b; ++i) {
            weights += flow_.choices[op.a + i].weight;
        }
        for (std::uint32_t i = 0; i < op.b && weights > 0; ++i) {
            const Flow::Choice& choice = flow_.choices[op.a + i];
            go(choice.target, times * choice.weight / weights);
        }
    }
    void go(std::uint32_t target, double times) {
        if (target < times_.size()) {
            times_[target] += times;
        }
    }
    void visit(std::uint32_t step, double times) {
        if (step < visits_.size()) {
            visits_[step] += times;
        }
    }

    const Flow& flow_;
    std::vector<double> times_;
    std::vector<double> visits_;
    std::vector<double> outside_;  // how often each open loop is entered
    double thinking_s_ = 0;
};

double share_of(const Scenario& scenario, const Executor& executor, std::uint32_t user) {
    double weights = 0;
    bool runs = executor.users.empty();
    for (std::uint32_t index = 0; index < scenario.users.size(); ++index) {
        const bool in =
            executor.users.empty() ||
            std::find(executor.users.begin(), executor.users.end(), index) != executor.users.end();
        weights += in ? scenario.users[index].weight : 0;
        runs = runs || (in && index == user);
    }
    return runs && weights > 0 ? scenario.users[user].weight / weights : 0;
}

/// Iterations of one class under one executor.
RequestEstimate iterations_of(const Executor& executor, double share, double thinking_s,
                              double pacing_s) {
    RequestEstimate estimate;
    const double level_s = executor.ramp.integral(executor.ramp.duration());
    if (is_steered(executor.kind)) {
        estimate.unknown = share > 0;
    } else if (is_open(executor.kind)) {
        estimate.requests = level_s * share;
    } else if (executor.kind == ExecutorKind::SharedIterations) {
        estimate.requests = static_cast<double>(executor.iterations) * share;
    } else if (executor.kind == ExecutorKind::PerVuIterations) {
        estimate.requests =
            static_cast<double>(executor.iterations) * executor.ramp.highest() * share;
    } else if (const double length_s = std::max(thinking_s, pacing_s); length_s > 0) {
        estimate.requests = level_s * share / length_s;
        estimate.at_most = true;
    } else {
        estimate.unknown = share > 0;
    }
    return estimate;
}

}  // namespace

double thinking_of(const UserClass& user) {
    return ExpectedFlow(user, user.flow).thinking_s();
}

std::vector<double> visits_of(const UserClass& user, const Flow& flow) {
    return ExpectedFlow(user, flow).visits();
}

std::vector<RequestEstimate> estimate_requests(const Scenario& scenario) {
    std::vector<RequestEstimate> estimates(scenario.endpoints.size());
    for (std::uint32_t index = 0; index < scenario.users.size(); ++index) {
        const UserClass& user = scenario.users[index];
        const ExpectedFlow flow(user, user.flow);
        for (const Executor& executor : scenario.load) {
            const double share = share_of(scenario, executor, index);
            const RequestEstimate iterations =
                iterations_of(executor, share, flow.thinking_s(), to_seconds(user.pacing));
            for (std::size_t step = 0; step < user.steps.size(); ++step) {
                const double visits = flow.visits()[step];
                RequestEstimate& estimate = estimates[user.steps[step].endpoint];
                estimate.requests += iterations.requests * visits;
                estimate.at_most = estimate.at_most || (iterations.at_most && visits > 0);
                estimate.unknown = estimate.unknown || (iterations.unknown && visits > 0);
            }
        }
    }
    return estimates;
}

}  // namespace plimsoll
