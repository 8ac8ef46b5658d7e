#include "exporters/otlp/otlp_options.hpp"

#include <map>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

using Variables = std::map<std::string, std::string>;

testing::Matcher<HttpHeader> Header(const std::string& name, const std::string& value) {
    return testing::AllOf(testing::Field(&HttpHeader::name, name),
                          testing::Field(&HttpHeader::value, value));
}

GetEnv from(const Variables& variables) {
    return [variables](std::string_view name) -> std::optional<std::string> {
        const auto at = variables.find(std::string(name));
        return at == variables.end() ? std::nullopt : std::optional(at->second);
    };
}

OtlpOptions options(const Variables& variables, const std::string& endpoint = "") {
    auto result = otlp_options({endpoint, 0.01}, from(variables));
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
    return result.ok() ? *result : OtlpOptions{};
}

std::string endpoint(const Variables& variables, const std::string& setting = "") {
    const OtlpOptions out = options(variables, setting);
    return display(out.endpoint);
}

TEST(OtlpOptions, FollowTheSpecificationWhereNothingIsSet) {
    const OtlpOptions out = options({});
    EXPECT_EQ(display(out.endpoint), "http://localhost:4318/v1/traces");
    EXPECT_EQ(out.timeout, 10s);
    EXPECT_FALSE(out.gzip);
    EXPECT_FALSE(out.disabled);
    EXPECT_THAT(out.headers, IsEmpty());
    EXPECT_THAT(out.resource, ElementsAre(Pair("service.name", "plimsoll")));
    EXPECT_EQ(out.batch_spans, 512U);
    EXPECT_EQ(out.batch_age, 1s);
    EXPECT_THAT(out.warnings, IsEmpty());
}

TEST(OtlpOptions, AppendThePathToABaseEndpointAndTakeTheTracesEndpointAsItIs) {
    EXPECT_EQ(endpoint({}, "http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
    EXPECT_EQ(endpoint({}, "http://127.0.0.1:4318/"), "http://127.0.0.1:4318/v1/traces");
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c.test/otlp/"}}),
              "https://c.test:443/otlp/v1/traces");
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c.test:9/in"},
                        {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other.test"}}),
              "http://c.test:9/in");
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c.test"}}),
              "http://c.test:80/");
    EXPECT_EQ(endpoint({}, "http://[::1]:4318"), "http://[::1]:4318/v1/traces");
}

TEST(OtlpOptions, DoNotDoubleAPathThatIsThere) {
    EXPECT_EQ(endpoint({}, "http://127.0.0.1:4318/v1/traces"), "http://127.0.0.1:4318/v1/traces");
    EXPECT_EQ(endpoint({}, "http://127.0.0.1:4318/otlp/v1/traces/"),
              "http://127.0.0.1:4318/otlp/v1/traces");
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.test:9/v1/traces"}}),
              "http://c.test:9/v1/traces");
}

TEST(OtlpOptions, SayThatThePortOfGrpcSpeaksAnotherProtocol) {
    EXPECT_THAT(options({}, "http://127.0.0.1:4317").warnings,
                ElementsAre(HasSubstr("port 4317 is that of OTLP over gRPC")));
    EXPECT_THAT(
        options({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c.test:4317/v1/traces"}}).warnings,
        ElementsAre(HasSubstr("OTLP/HTTP's is 4318")));
    EXPECT_THAT(options({}, "http://127.0.0.1:14317").warnings, IsEmpty());
}

TEST(OtlpOptions, TakeAClientCertificateWithItsKeyAndNoneAlone) {
    const OtlpOptions both = options({{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "c.pem"},
                                      {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "general.pem"},
                                      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "k.pem"}});
    EXPECT_EQ(both.client_certificate_file, "c.pem");
    EXPECT_EQ(both.client_key_file, "k.pem");
    EXPECT_THAT(both.warnings, IsEmpty());
    const OtlpOptions one = options({{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "k.pem"}});
    EXPECT_EQ(one.client_key_file, "");
    EXPECT_THAT(one.warnings, ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_CLIENT_KEY is ignored")));
}

TEST(OtlpOptions, FollowTheChoiceOfExportersAndPropagators) {
    EXPECT_TRUE(options({{"OTEL_TRACES_EXPORTER", "none"}}).disabled);
    EXPECT_FALSE(options({{"OTEL_TRACES_EXPORTER", "otlp"}}).disabled);
    const OtlpOptions other = options({{"OTEL_TRACES_EXPORTER", "zipkin"}});
    EXPECT_FALSE(other.disabled);
    EXPECT_THAT(other.warnings, ElementsAre(HasSubstr("OTEL_TRACES_EXPORTER is ignored")));

    EXPECT_TRUE(options({}).propagate);
    EXPECT_TRUE(options({{"OTEL_PROPAGATORS", "tracecontext,baggage"}}).propagate);
    EXPECT_THAT(options({{"OTEL_PROPAGATORS", "tracecontext"}}).warnings, IsEmpty());
    const OtlpOptions none = options({{"OTEL_PROPAGATORS", "none"}});
    EXPECT_FALSE(none.propagate);
    EXPECT_THAT(none.warnings, IsEmpty());
    const OtlpOptions b3 = options({{"OTEL_PROPAGATORS", "b3"}});
    EXPECT_FALSE(b3.propagate);
    EXPECT_THAT(b3.warnings, ElementsAre(HasSubstr("no traceparent is sent")));
}

OtlpOptions metric_options(const std::map<std::string, std::string>& variables,
                           const OtlpSettings& settings = {}) {
    auto made = otlp_options(
        settings,
        [&](std::string_view name) -> std::optional<std::string> {
            const auto found = variables.find(std::string(name));
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        OtlpSignal::Metrics);
    EXPECT_TRUE(made);
    return *std::move(made);
}

TEST(OtlpOptions, OfMetricsHaveVariablesOfTheirOwn) {
    const OtlpOptions own =
        metric_options({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a.test:1"},
                        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b.test:2/there"},
                        {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7"},
                        {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "3000"}});
    EXPECT_EQ(own.endpoint.origin() + own.endpoint.target, "http://b.test:2/there");
    EXPECT_EQ(own.timeout, std::chrono::seconds(3));
    const OtlpOptions general =
        metric_options({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a.test:1/x"}});
    EXPECT_EQ(general.endpoint.target, "/x/v1/metrics");
    // One that ends in another signal's path is the base of both.
    EXPECT_EQ(metric_options({}, {"http://a.test:1/v1/traces"}).endpoint.target, "/v1/metrics");
}

TEST(OtlpOptions, SayHowOftenMetricsGoAndSinceWhenTheyCount) {
    EXPECT_EQ(metric_options({}).interval, std::chrono::seconds(10));
    EXPECT_FALSE(metric_options({}).delta);
    const OtlpOptions said =
        metric_options({{"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
                        {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"}});
    EXPECT_EQ(said.interval, std::chrono::seconds(5));
    EXPECT_TRUE(said.delta);
    EXPECT_THAT(said.warnings, IsEmpty());
    EXPECT_THAT(metric_options({{"OTEL_METRIC_EXPORT_INTERVAL", "soon"}}).warnings,
                ElementsAre(HasSubstr("OTEL_METRIC_EXPORT_INTERVAL is ignored")));
    EXPECT_FALSE(metric_options({{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"}},
                                {.endpoint = "", .delta = false})
                     .delta);
}

TEST(OtlpOptions, SayWhereMetricsAreInstead) {
    EXPECT_TRUE(metric_options({{"OTEL_METRICS_EXPORTER", "none"}}).disabled);
    EXPECT_THAT(metric_options({{"OTEL_METRICS_EXPORTER", "otlp"}}).warnings, IsEmpty());
    EXPECT_THAT(metric_options({{"OTEL_METRICS_EXPORTER", "prometheus"}}).warnings,
                ElementsAre(HasSubstr("--prometheus ADDR:PORT")));
    // Of no concern to traces.
    EXPECT_THAT(options({{"OTEL_METRICS_EXPORTER", "prometheus"}}).warnings, IsEmpty());
}

TEST(OtlpOptions, LetTheScenarioWinOverTheEnvironment) {
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env.test/x"}},
                       "http://scenario.test:1"),
              "http://scenario.test:1/v1/traces");
}

TEST(OtlpOptions, TakeAnEmptyVariableAsUnset) {
    EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""},
                        {"OTEL_EXPORTER_OTLP_ENDPOINT", " "},
                        {"OTEL_SERVICE_NAME", ""}}),
              "http://localhost:4318/v1/traces");
}

TEST(OtlpOptions, KeepTheQueryOfAnEndpointButDoNotShowIt) {
    const OtlpOptions out =
        options({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.test/a?api_key=s3cret"}});
    EXPECT_EQ(out.endpoint.target, "/a/v1/traces?api_key=s3cret");
    EXPECT_EQ(display(out.endpoint), "http://c.test:80/a/v1/traces");
}

TEST(OtlpOptions, RefuseAnEndpointThatIsNoUrlAndNameWhereItStands) {
    for (const char* wrong : {"localhost:4318", "ftp://c.test", "http://", "http://c.test:0",
                              "http://c.test:70000", "http://c.test/a b", "http://:4318"}) {
        const auto setting = otlp_options({wrong, 0.01}, from({}));
        ASSERT_FALSE(setting) << wrong;
        EXPECT_EQ(setting.error().where, "export.otlp.endpoint");
        EXPECT_THAT(setting.error().hint, HasSubstr("http://host:port"));
    }
    const auto socket = otlp_options({"unix:/run/otlp", 0.01}, from({}));
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().to_string(),
              "export.otlp.endpoint: must be an http or https URL (for example "
              "http://127.0.0.1:4318)");
    const auto variable =
        otlp_options({"", 0.01}, from({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "x"}}));
    ASSERT_FALSE(variable);
    EXPECT_EQ(variable.error().where, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
}

TEST(OtlpOptions, RefuseAPasswordInTheEndpointWithoutRepeatingIt) {
    const auto out = otlp_options({"http://me:s3cret@c.test", 0.01}, from({}));
    ASSERT_FALSE(out);
    EXPECT_THAT(out.error().to_string(),
                HasSubstr("a user name or password inside a URL is not accepted"));
    EXPECT_THAT(out.error().to_string(), Not(HasSubstr("s3cret")));
}

TEST(OtlpOptions, RefuseAShareOutOfRange) {
    for (const double share : {0.0, -0.1, 1.5}) {
        EXPECT_FALSE(otlp_options({"", share}, from({})));
    }
    const auto out = otlp_options({"", 2}, from({}));
    EXPECT_EQ(out.error().to_string(),
              "export.otlp.sample: must be above 0 and at most 1, got 2 (write it as a share, e.g. "
              "sample: 1%)");
}

TEST(OtlpOptions, ReadHeadersWithPercentEncodedValues) {
    EXPECT_THAT(
        options({{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc%3D%3D , x-scope=a=b,"}})
            .headers,
        ElementsAre(Header("authorization", "Basic abc=="), Header("x-scope", "a=b")));
    EXPECT_THAT(options({{"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                         {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"}})
                    .headers,
                ElementsAre(Header("b", "2")));
}

TEST(OtlpOptions, IgnoreHeadersThatAreNoneAndNeverQuoteThem) {
    for (const char* wrong :
         {"s3cret", "a=s3cret%zz", "a=s3cret%2", "=s3cret", "a=s3cret%0D%0Ax: y", "a b=s3cret"}) {
        const OtlpOptions out = options({{"OTEL_EXPORTER_OTLP_HEADERS", wrong}});
        EXPECT_THAT(out.headers, IsEmpty()) << wrong;
        EXPECT_THAT(out.warnings, ElementsAre("OTEL_EXPORTER_OTLP_HEADERS is ignored: must be "
                                              "name=value,name=value with percent-encoded values"));
    }
}

TEST(OtlpOptions, ReadResourceAttributesWithTheServiceNameOnTop) {
    EXPECT_THAT(options({{"OTEL_RESOURCE_ATTRIBUTES",
                          "service.name=a,deployment.environment.name=st%C3%A4ge"}})
                    .resource,
                ElementsAre(Pair("service.name", "a"),
                            Pair("deployment.environment.name", "st\xC3\xA4ge")));
    EXPECT_THAT(
        options({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a"}, {"OTEL_SERVICE_NAME", "b"}})
            .resource,
        ElementsAre(Pair("service.name", "b")));
    const OtlpOptions broken = options({{"OTEL_RESOURCE_ATTRIBUTES", "a=1,nonsense"}});
    EXPECT_THAT(broken.resource, ElementsAre(Pair("service.name", "plimsoll")));
    EXPECT_THAT(broken.warnings, ElementsAre(HasSubstr("OTEL_RESOURCE_ATTRIBUTES is ignored")));
}

TEST(OtlpOptions, ReadTimeoutCompressionAndCertificate) {
    const OtlpOptions out = options({{"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                     {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                     {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"}});
    EXPECT_EQ(out.timeout, 2500ms);
    EXPECT_TRUE(out.gzip);
    EXPECT_EQ(out.certificate_file, "/etc/ca.pem");
    EXPECT_FALSE(options({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                          {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"}})
                     .gzip);
}

TEST(OtlpOptions, IgnoreWhatMakesNoSenseWithAWarning) {
    const OtlpOptions out = options({{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                                     {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"},
                                     {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                     {"OTEL_SDK_DISABLED", "yes"}});
    EXPECT_EQ(out.timeout, 10s);
    EXPECT_FALSE(out.gzip);
    EXPECT_FALSE(out.disabled);
    EXPECT_THAT(
        out.warnings,
        ElementsAre("OTEL_EXPORTER_OTLP_TIMEOUT is ignored: must be a whole number of "
                    "milliseconds above 0",
                    "OTEL_EXPORTER_OTLP_COMPRESSION is ignored: must be gzip or none",
                    "OTEL_EXPORTER_OTLP_PROTOCOL is ignored: only http/protobuf is spoken here; "
                    "its usual port is 4318",
                    "OTEL_SDK_DISABLED is ignored: must be true or false"));
    EXPECT_FALSE(options({{"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"}}).warnings.empty());
}

TEST(OtlpOptions, AreDisabledByTheSdkSwitch) {
    EXPECT_TRUE(options({{"OTEL_SDK_DISABLED", "TRUE"}}).disabled);
    EXPECT_FALSE(options({{"OTEL_SDK_DISABLED", "false"}}).disabled);
}

TEST(ProcessEnvironment, ReadsThisProcess) {
    setenv("PLIMSOLL_TEST_VARIABLE", "x", 1);
    EXPECT_EQ(process_environment()("PLIMSOLL_TEST_VARIABLE"), "x");
    unsetenv("PLIMSOLL_TEST_VARIABLE");
    EXPECT_EQ(process_environment()("PLIMSOLL_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace plimsoll
