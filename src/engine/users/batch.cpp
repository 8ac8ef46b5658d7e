// Several steps at once; and groups, of steps that are timed as a whole.
#include "engine/users/users.hpp"

#include <algorithm>

namespace plimsoll {

void Users::begin_batch(User& user, Clock::time_point now) {
    begin_groups(user);
    send_batch(user, user.due);
    if (user.under_way == 0) {
        end_batch(user, now, true);
    }
}

void Users::send_batch(User& user, Clock::time_point due) {
    Batch& batch = user.batch;
    while (user.under_way < batch.connections && batch.next < batch.end) {
        send(user, batch.next++, due, true);
    }
}

void Users::go_on_with_batch(User& user, Clock::time_point now, bool at_once) {
    if (at_once) {
        begin_groups(user);
        send_batch(user, now);
    }
    if (user.under_way != 0) {
        return;
    }
    if (user.batch.next < user.batch.end) {
        user.due = now + pause_after_setback(user);
        launch(user, now, false, Resume::Batch);
    } else {
        end_batch(user, now, at_once);
    }
}

void Users::end_batch(User& user, Clock::time_point now, bool at_once) {
    const Batch batch = user.batch;
    user.batch = {};
    user.polls = 0;
    const Step& last = plan_.classes[user.user_class].who->steps[batch.end - 1];
    user.due = now + std::max(think_after(user, last), pause_after_setback(user));
    if (batch.failed) {
        fail_groups(user);
        const OnFail how = effective(batch.on_fail, user.errand);
        if (how != OnFail::Continue) {
            break_off(user, how, now, at_once);
            return;
        }
    }
    advance(user, now, at_once);
}

void Users::begin_groups(User& user) {
    for (OpenGroup& group : user.groups) {
        if (!group.begun) {
            group.begun = true;
            group.due = user.due;
        }
    }
}

void Users::end_group(User& user) {
    const OpenGroup group = user.groups.back();
    user.groups.pop_back();
    if (group.begun) {  // else none of its steps was sent
        recorder_.record_group(group.group, user.last_end - group.due,
                               {group.failed, group.censored}, user.last_end);
    }
}

void Users::cut_off_groups(User& user, Clock::time_point now) {
    for (const OpenGroup& group : user.groups) {
        if (group.begun) {
            recorder_.record_group(group.group, now - group.due, {group.failed, true}, now);
        }
    }
    user.groups.clear();
}

void Users::fail_groups(User& user) {
    for (OpenGroup& group : user.groups) {
        group.failed = true;
    }
}

}  // namespace plimsoll
