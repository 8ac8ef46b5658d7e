#include "exporters/otlp/otlp_http.hpp"

#include "net/http_client.hpp"

#include <algorithm>
#include <memory>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <zlib.h>

namespace plimsoll {

Result<HttpTransport> http_transport(const OtlpOptions& options) {
    HttpAccess access;
    access.endpoint = options.endpoint;
    access.ca_file = options.certificate_file;
    access.cert_file = options.client_certificate_file;
    access.key_file = options.client_key_file;
    return http_transport(access);
}

HttpRequest make_otlp_request(const OtlpOptions& options, std::string body) {
    HttpRequest out;
    out.method = "POST";
    out.target = options.endpoint.target;
    out.headers = {{"Content-Type", "application/x-protobuf"}, {"User-Agent", "plimsoll"}};
    out.body = options.gzip ? gzip(body) : std::move(body);
    if (options.gzip) {
        out.headers.push_back({"Content-Encoding", "gzip"});
    }
    out.headers.insert(out.headers.end(), options.headers.begin(), options.headers.end());
    return out;
}

std::string gzip(std::string_view data) {
    z_stream stream{};
    constexpr int kGzipFraming = 16;
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzipFraming, 8,
                 Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, static_cast<uLong>(data.size())), '\0');
    std::string input(data);  // zlib's input pointer is not const
    stream.next_in = static_cast<Bytef*>(static_cast<void*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

OtlpVerdict judge(int status) {
    if (status >= 200 && status < 300) {
        return OtlpVerdict::Accepted;
    }
    const bool passing = status == 429 || status == 502 || status == 503 || status == 504;
    return passing ? OtlpVerdict::Retry : OtlpVerdict::Refused;
}

PartialSuccess read_partial_success(std::string_view body) {
    PartialSuccess out;
    try {
        protozero::pbf_reader response(body.data(), body.size());
        while (response.next(1, protozero::pbf_wire_type::length_delimited)) {
            protozero::pbf_reader partial = response.get_message();
            while (partial.next()) {
                if (partial.tag_and_type() ==
                    protozero::tag_and_type(1, protozero::pbf_wire_type::varint)) {
                    out.rejected_spans =
                        static_cast<std::uint64_t>(std::max<std::int64_t>(0, partial.get_int64()));
                } else if (partial.tag_and_type() ==
                           protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited)) {
                    out.message = partial.get_string();
                } else {
                    partial.skip();
                }
            }
        }
    } catch (const protozero::exception&) {
        return {};
    }
    return out;
}

std::string read_error_message(std::string_view body) {
    try {
        protozero::pbf_reader status(body.data(), body.size());
        std::string message;
        while (status.next()) {
            if (status.tag_and_type() ==
                protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited)) {
                message = status.get_string();
            } else {
                status.skip();
            }
        }
        return message;
    } catch (const protozero::exception&) {
        return {};
    }
}

}  // namespace plimsoll
