// Whole manifests are judged by readers that we did not write: tests/integration/deploy.
#include "deploy/kubernetes.hpp"

#include "deploy/slurm.hpp"
#include "scenario/pod_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ObjectName, IsTheScenariosNameAsADnsLabel) {
    EXPECT_EQ(object_name("checkout"), "checkout");
    EXPECT_EQ(object_name("Check Out_v1.2"), "check-out-v1-2");
    EXPECT_EQ(object_name("--a  b--"), "a-b");
    EXPECT_EQ(object_name("2nd"), "p-2nd");
}

TEST(ObjectName, TellsNamesApartThatLoseMoreThanCase) {
    EXPECT_THAT(object_name("Größe"), StartsWith("gr-e-"));
    EXPECT_NE(object_name("Größe"), object_name("Gräbe"));
    EXPECT_NE(object_name("日本"), object_name("日光"));
    EXPECT_NE(object_name("a+b"), object_name("a b"));
    EXPECT_NE(object_name(std::string(100, 'a')), object_name(std::string(99, 'a')));
}

TEST(ObjectName, IsAlwaysALabelThatSuffixesFitBehind) {
    for (const std::string& text :
         {std::string(), std::string("-"), std::string("日本"), std::string(100, 'x'),
          std::string(44, 'x') + "-b", std::string("1"), std::string("a\tb"), std::string("é")}) {
        const std::string name = object_name(text);
        EXPECT_TRUE(is_dns_label(name, kLongestObjectName)) << name;
        EXPECT_TRUE(name[0] >= 'a' && name[0] <= 'z') << name;
        EXPECT_TRUE(is_dns_label(name + "-segments-99999")) << name;
    }
}

TEST(IsDnsLabel, FollowsRfc1123) {
    for (const char* good : {"a", "a-b", "1", "a1", "1a"}) {
        EXPECT_TRUE(is_dns_label(good)) << good;
    }
    for (const char* bad : {"", "-a", "a-", "A", "a_b", "a.b", "a b", "ä"}) {
        EXPECT_FALSE(is_dns_label(bad)) << bad;
    }
    EXPECT_TRUE(is_dns_label(std::string(63, 'a')));
    EXPECT_FALSE(is_dns_label(std::string(64, 'a')));
}

KubernetesPlan plan() {
    KubernetesPlan plan;
    plan.name = "shop";
    plan.scenario = "shop.yaml";
    plan.files = {{"shop.yaml", "target: http://a\n"}};
    plan.token = "t0ken";
    return plan;
}

TEST(KubernetesManifests, MountFilesWhereTheScenarioLooksForThem) {
    KubernetesPlan made = plan();
    made.scenario = "load/shop.yaml";
    made.files = {{"load/shop.yaml", "a: 1\n"}, {"data/ä b.csv", "x\n"}, {"key.pem", "k", true}};
    const auto text = kubernetes_manifests(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, HasSubstr("                  items:\n"
                                 "                    - key: file-1\n"
                                 "                      path: load/shop.yaml\n"
                                 "                    - key: file-2\n"
                                 "                      path: \"data/ä b.csv\"\n"));
    EXPECT_THAT(*text, HasSubstr("              - secret:\n"
                                 "                  name: shop-files\n"
                                 "                  items:\n"
                                 "                    - key: key.pem\n"));
    EXPECT_THAT(*text, HasSubstr("            - /etc/plimsoll/scenario/load/shop.yaml\n"));
}

TEST(KubernetesManifests, LeaveTheCoordinatorOutWhereRunsAreUploaded) {
    KubernetesPlan made = plan();
    made.upload = "s3://runs/shop";
    const auto text = kubernetes_manifests(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, AllOf(HasSubstr("            - --upload\n            - s3://runs/shop\n"),
                             Not(HasSubstr("gather"))));
}

TEST(KubernetesManifests, NameTheSecretsThatAreThere) {
    KubernetesPlan made = plan();
    made.token_secret = "my-token";
    made.environment_secret = "my-env";
    const auto text = kubernetes_manifests(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, AllOf(HasSubstr("secretName: my-token"), HasSubstr("name: my-env"),
                             Not(HasSubstr("kind: Secret")), Not(HasSubstr("t0ken"))));
}

TEST(KubernetesManifests, RefuseFilesThatNoConfigMapHolds) {
    KubernetesPlan made = plan();
    made.files.push_back({"rows.csv", std::string(kMostConfigBytes, 'x')});
    const auto text = kubernetes_manifests(made);
    ASSERT_FALSE(text.ok());
    EXPECT_THAT(text.error().to_string(),
                AllOf(HasSubstr("shop.yaml: the scenario's files are too large for a ConfigMap"),
                      HasSubstr("rows.csv has 1 MiB"), HasSubstr("--image")));
}

TEST(KubernetesManifests, LetNoFileNameStandForAVariable) {
    KubernetesPlan made = plan();
    made.scenario = "$(HOME).yaml";
    made.files = {{"$(HOME).yaml", "a: 1\n"}};
    const auto text = kubernetes_manifests(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, HasSubstr("\"/etc/plimsoll/scenario/$$(HOME).yaml\""));
}

TEST(SlurmScript, FillsInWhatIsAsked) {
    SlurmPlan made;
    made.name = "shop";
    made.segments = 8;
    made.cores = 4;
    made.shards = 2;
    made.memory_bytes = std::uint64_t{4} << 30U;
    made.length_s = 61;
    made.partition = "load";
    made.scenario = "/home/o'neil/shop.yaml";
    made.arguments = {"--seed", "7"};
    const auto text = slurm_script(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(
        *text,
        AllOf(HasSubstr("#SBATCH --job-name=shop\n"), HasSubstr("#SBATCH --ntasks=8\n"),
              HasSubstr("#SBATCH --cpus-per-task=4\n"), HasSubstr("#SBATCH --mem-per-cpu=1024M\n"),
              HasSubstr("#SBATCH --time=32\n"), HasSubstr("#SBATCH --partition=load\n")));
    EXPECT_THAT(*text,
                AllOf(HasSubstr("\nscenario='/home/o'\\''neil/shop.yaml'\n"),
                      HasSubstr("\nshards=2\n"), HasSubstr("\ngather=yes\n"),
                      HasSubstr("\nupload=''\n"), HasSubstr("\nmore+=(--seed)\nmore+=(7)\n")));
}

TEST(SlurmScript, JoinsAfterwardsWhereAskedTo) {
    SlurmPlan made;
    made.name = "shop";
    made.gather = false;
    const auto text = slurm_script(made);
    ASSERT_TRUE(text.ok());
    EXPECT_THAT(*text, HasSubstr("\ngather=''\n"));
}

TEST(SlurmScript, RefusesWhatNoDirectiveHolds) {
    SlurmPlan made;
    made.name = "a b";
    ASSERT_FALSE(slurm_script(made).ok());
    made.name = "a";
    made.partition = "x\n#SBATCH --uid=0";
    const auto text = slurm_script(made);
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().where, "--partition");
}

}  // namespace
}  // namespace plimsoll
