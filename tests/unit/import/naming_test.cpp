#include "import/naming.hpp"

#include <gtest/gtest.h>

namespace plimsoll::import {
namespace {

TEST(EndpointName, FoldsWhatNamesOneThingOfMany) {
    const struct {
        const char* path;
        const char* name;
    } rows[] = {
        {"/", "/"},
        {"/v1/orders", "/v1/orders"},
        {"/v1/orders/12345?page=2", "/v1/orders/{id}"},
        {"/v1/orders/9b2e7c1a-1111-4222-8333-444455556666/items/7", "/v1/orders/{id}/items/{id}"},
        {"/blob/5f2b9c0d1e", "/blob/{id}"},
        {"/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/{id}"},
        {"/users/user-12345/photo.png", "/users/{id}/photo.png"},
        {"/files/8812.pdf", "/files/{id}.pdf"},
        {"/x/${env.KEY}/y", "/x/{id}/y"},
        {"/x/${random_int(1,100)}", "/x/{id}"},
        {"http://other.example.com:81/a/42", "other.example.com:81/a/{id}"},
        // Words stay, whatever letters they are made of.
        {"/gen_204", "/gen_204"},
        {"/docs/iso-8601/top-100/error_404", "/docs/iso-8601/top-100/error_404"},
        {"/order_8fa3c21b/x", "/{id}/x"},
        {"/facade/decade/deadbeef", "/facade/decade/deadbeef"},
        {"/posts/ten-tips-for-your-first-load-test", "/posts/ten-tips-for-your-first-load-test"},
        {"/api/v2/oauth2/authorize", "/api/v2/oauth2/authorize"},
        {"/.well-known/openid-configuration", "/.well-known/openid-configuration"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(endpoint_name(row.path), row.name) << row.path;
    }
}

}  // namespace
}  // namespace plimsoll::import
