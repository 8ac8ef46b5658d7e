#include "engine/users/class_plan.hpp"

#include "engine/users/flow_machine.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

/// The steps that a flow sends.
std::vector<bool> steps_of(const Flow& flow, std::size_t steps) {
    std::vector<bool> sends(steps, false);
    for (const Op& op : flow.ops) {
        if (op.kind == Op::Kind::Request) {
            sends[op.a] = true;
        } else if (op.kind == Op::Kind::Parallel) {
            std::fill_n(sends.begin() + op.a, op.b, true);
        }
    }
    return sends;
}

/// Calls `visit` for every template of a flow and its steps.
template <typename Visit>
void for_each_template(const UserClass& user, const Flow& flow, Visit&& visit) {
    const auto of_checks = [&](const std::vector<Check>& checks) {
        for (const Check& check : checks) {
            visit(check.operand);
        }
    };
    const std::vector<bool> sends = steps_of(flow, user.steps.size());
    for (std::size_t i = 0; i < sends.size(); ++i) {
        if (!sends[i]) {
            continue;
        }
        const Step& step = user.steps[i];
        visit(step.path);
        visit(step.body);
        for (const Header& header : step.headers) {
            visit(header.value);
        }
        for (const FormPart& part : step.multipart) {
            visit(part.value);
        }
        of_checks(step.expect.checks);
        if (step.until) {
            of_checks(step.until->conditions);
        }
    }
    for (const Template& text : flow.templates) {
        visit(text);
    }
    for (const Condition& condition : flow.conditions) {
        visit(condition.left);
        visit(condition.right);
    }
}

/// Renders everything with each source in turn without a row, and sees what is missing.
std::vector<bool> sources_read(const UserClass& user, const Flow& flow, const Scenario& scenario) {
    std::vector<bool> reads(scenario.data.size(), false);
    const Variable something{ValueType::Text, "x"};
    const std::vector<Variable> variables(scenario.variables.size(), something);
    std::string text;
    std::string missing;
    for (std::size_t source = 0; source < reads.size(); ++source) {
        std::vector<std::uint64_t> rows(reads.size(), 0);
        for (std::size_t other = 0; other < rows.size(); ++other) {
            rows[other] = other == source || scenario.data[other]->rows() == 0 ? kNoRow : 0;
        }
        Random random(0, 0, 0);
        RenderContext context;
        context.random = &random;
        context.variables = variables;
        context.data = scenario.data;
        context.rows = rows;
        context.missing = &missing;
        for_each_template(user, flow, [&](const Template& each) {
            text.clear();
            missing.clear();
            static_cast<void>(each.render(context, text));
            reads[source] =
                reads[source] || missing.starts_with(scenario.data[source]->name() + ".");
        });
    }
    return reads;
}

void add_set_by(const Flow& flow, std::vector<VariableId>& variables) {
    for (const Op& op : flow.ops) {
        if (op.kind == Op::Kind::Set) {
            variables.push_back(static_cast<VariableId>(op.a));
        }
    }
}

std::vector<VariableId> variables_unset(const UserClass& user) {
    std::vector<VariableId> variables;
    for (const Step& step : user.steps) {
        for (const Capture& capture : step.captures) {
            variables.push_back(capture.variable);
        }
    }
    add_set_by(user.flow, variables);
    add_set_by(user.start, variables);
    std::sort(variables.begin(), variables.end());
    variables.erase(std::unique(variables.begin(), variables.end()), variables.end());
    std::erase_if(variables, [&](VariableId id) {
        return std::find(user.kept.begin(), user.kept.end(), id) != user.kept.end();
    });
    return variables;
}

}  // namespace

ClassPlan::ClassPlan(const UserClass& user, const Scenario& scenario)
    : who(&user),
      flow(with_steps(user.flow, user.steps.size())),
      unset(variables_unset(user)),
      start_reads(sources_read(user, user.start, scenario)),
      reads(sources_read(user, flow, scenario)),
      has_start(!user.start.ops.empty()),
      has_stop(!user.stop.ops.empty()),
      forgets_cookies(scenario.http.cookies == CookiePolicy::Iteration && !has_start) {}

std::vector<ClassPlan> plan_classes(const Scenario& scenario, std::size_t& pools) {
    std::vector<ClassPlan> plans;
    pools = 1;
    for (const UserClass& user : scenario.users) {
        ClassPlan& plan = plans.emplace_back(user, scenario);
        if (plan.has_start || plan.has_stop || !user.kept.empty()) {
            plan.pool = pools++;
        }
    }
    return plans;
}

}  // namespace plimsoll
