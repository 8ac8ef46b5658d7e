#include "engine/socket_budget.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(SocketBudget, ReadsTheKernelsTexts) {
    EXPECT_EQ(local_ports("32768\t60999\n"), 28232U);
    EXPECT_EQ(local_ports(""), 0U);
    EXPECT_EQ(time_wait_sockets("sockets: used 20\nTCP: inuse 2 orphan 0 tw 278 alloc 2 mem 74\n"),
              278U);
    EXPECT_EQ(time_wait_sockets("UDP: inuse 0\n"), 0U);
}

TEST(SocketBudget, FallsWithEachConnection) {
    const SocketBudget budget(0);  // descriptors alone
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_LT(budget.descriptors(), limit.rlim_cur);
    EXPECT_EQ(budget.left(0), budget.descriptors());
    EXPECT_EQ(budget.left(10), budget.descriptors() - 10);
    EXPECT_EQ(budget.left(UINT32_MAX), 0U);
    EXPECT_LE(SocketBudget(1).left(5), budget.left(5));
}

}  // namespace
}  // namespace plimsoll
