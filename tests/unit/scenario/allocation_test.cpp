// Rendering a step and reading a small response must not allocate: they run for every request.
#include "scenario/flow.hpp"
#include "scenario/response.hpp"

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace plimsoll {
namespace {

/// Runs `work` once to warm up, then ten times; the allocations of the latter.
template <typename Work>
std::size_t allocations_of(Work work) {
    work();
    const std::size_t before = allocations;
    for (int i = 0; i < 10; ++i) {
        work();
    }
    return allocations - before;
}

class AllocationTest : public testing::Test {
protected:
    AllocationTest() {
        scope_.variables = names_;
        context_.variables = values_;
        context_.missing = &missing_;
        context_.random = &random_;
    }
    std::vector<std::string> names_{"token", "n"};
    std::vector<Variable> values_{{ValueType::Text, "a token of thirty characters.."},
                                  {ValueType::Number, "41"}};
    Random random_{1, 2, 3};
    std::string missing_;
    TemplateScope scope_;
    RenderContext context_;
};

TEST_F(AllocationTest, RenderingDoesNotAllocate) {
    for (const char* text :
         {"/v1/${token}/${n}?i=${iteration}&u=${user}&id=${uuid()}",
          "${upper(token)}${lower(token)}${substr(token, 2, 3)}${replace(token, 'a', 'bb')}",
          "${n + 1}${n * 2 / 3}${random_int(1, n)}${random_choice(1, 2)}${random_text(20)}",
          "${sha256(token)}${hmac('sha512', token, n)}${base64(token)}${urlencode(token)}",
          "${now('iso')}${now()}${concat(token, n)}${length(token)}${default(token, n)}"}) {
        const auto compiled = Template::compile(text, scope_);
        ASSERT_TRUE(compiled.ok()) << text << ": " << compiled.error().what;
        for (const Encoding encoding : {Encoding::None, Encoding::JsonText, Encoding::Path}) {
            const Template encoded = compiled->encoded(encoding);
            std::string out;
            out.reserve(4096);
            bool rendered = true;
            EXPECT_EQ(allocations_of([&] {
                          out.clear();
                          rendered = encoded.render(context_, out) && rendered;
                      }),
                      0U)
                << text;
            EXPECT_TRUE(rendered);
        }
    }
}

TEST_F(AllocationTest, ConditionsAndSetDoNotAllocate) {
    const auto condition = Condition::compile("${n + 1} > ${length(token)}", scope_);
    ASSERT_TRUE(condition.ok());
    const auto next = Template::compile("${n + 1}", scope_);
    std::string scratch;
    bool good = true;
    EXPECT_EQ(allocations_of([&] {
                  good = condition->holds(context_, scratch) && good;
                  good = next->evaluate(context_, scratch, values_[1]) && good;
              }),
              0U);
    EXPECT_TRUE(good);
    EXPECT_EQ(values_[1].text, "52");
}

TEST_F(AllocationTest, ReadingASmallResponseDoesNotAllocate) {
    ResponseReader reader;
    ResponseView view;
    view.status = 200;
    view.header_block = "Content-Type: application/json\r\nSet-Cookie: sid=abc; Path=/\r\n";
    view.body = R"({"id":"8f14e45f-ceea-467f-a8d2-6f1c1f0b1a2b","status":"running","n":12,)"
                R"("tags":["a","b"],"owner":{"name":"Ann"}})";
    const Selector selectors[] = {
        *Selector::compile(Selector::Kind::JsonPointer, "/id"),
        *Selector::compile(Selector::Kind::JsonPath, "$.owner.name"),
        *Selector::compile(Selector::Kind::JsonPath, "$.tags[?(@ == 'b')]"),
        *Selector::compile(Selector::Kind::Header, "content-type"),
        *Selector::compile(Selector::Kind::Cookie, "sid"),
        *Selector::compile(Selector::Kind::Regex, "\"status\":\"([a-z]+)\""),
    };
    Check check;
    check.op = Check::Op::Equals;
    check.selector = *Selector::compile(Selector::Kind::JsonPointer, "/status");
    check.operand = Template::literal("running");
    Variable value;
    value.text.reserve(64);
    std::string why;
    bool found = true;
    EXPECT_EQ(allocations_of([&] {
                  reader.reset(view);
                  for (const Selector& selector : selectors) {
                      found = selector.select(reader, value, why) && found;
                  }
                  found = check.holds(reader, context_, why) && found;
              }),
              0U);
    EXPECT_TRUE(found) << why;
}

}  // namespace
}  // namespace plimsoll
