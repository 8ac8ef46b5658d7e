#include "tests/integration/engine/real_servers.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plimsoll::test {
namespace {

void shell(const TempFolder& folder, const std::string& command) {
    const std::string line =
        fmt::format("cd '{}' && {} >>openssl.log 2>&1", folder.path().string(), command);
    ASSERT_EQ(std::system(line.c_str()), 0)  // NOLINT: a fixed command of a test
        << command << "\n"
        << read_file(folder.path() / "openssl.log");
}

void sign(const TempFolder& folder, const std::string& name, const std::string& hosts,
          const std::string& dates) {
    shell(folder, fmt::format("openssl req -newkey rsa:2048 -nodes -keyout {0}.key -subj /CN={0} "
                              "-addext 'subjectAltName={1}' -out {0}.csr",
                              name, hosts));
    shell(folder, fmt::format("openssl ca -batch -config ca.conf -notext {} -in {}.csr -out {}.pem",
                              dates, name, name));
}

void await_port(unsigned short port) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool up =
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (up) {
            return;
        }
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "no server at port " << port;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void await_file(const std::filesystem::path& file) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!std::filesystem::exists(file)) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "no " << file;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::vector<std::string> lines_of(const std::string& path) {
    std::istringstream text(read_file(path));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

void make_certificates(const TempFolder& folder) {
    folder.write("index.txt", "");
    folder.write("serial", "1000\n");
    folder.write("ca.conf",
                 "[ca]\ndefault_ca=own\n[own]\ndir=.\ndatabase=index.txt\nserial=serial\n"
                 "new_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\n"
                 "default_days=30\npolicy=any\ncopy_extensions=copy\nunique_subject=no\n"
                 "[any]\ncommonName=supplied\n");
    shell(folder,
          "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Test CA' -keyout ca.key "
          "-out ca.pem");
    sign(folder, "localhost", "DNS:localhost,IP:127.0.0.1,IP:::1", "");
    sign(folder, "expired", "DNS:localhost", "-startdate 20200101000000Z -enddate 20210101000000Z");
    sign(folder, "elsewhere", "DNS:elsewhere.test", "");
    sign(folder, "client", "DNS:client.test", "");
    shell(folder,
          "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost "
          "-addext 'subjectAltName=DNS:localhost' -keyout self.key -out self.pem");
}

Nginx::Nginx(const TempFolder& folder)
    : folder_(folder.path().string()),
      socket_(folder_ + "/web.sock"),
      plain_(free_port()),
      good_(free_port()),
      expired_(free_port()),
      elsewhere_(free_port()),
      self_signed_(free_port()),
      wants_client_(free_port()),
      old_tls_(free_port()) {
    folder.write("nginx.conf", config());
    ::setenv("PATH", (std::string(::getenv("PATH")) + ":/usr/sbin").c_str(), 1);
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"nginx", "-p", folder_, "-c", folder_ + "/nginx.conf"},
        folder.path() / "nginx.out");
    // nginx writes its pid once it listens on all of its addresses; the first port to answer says
    // nothing of the socket and the other ports.
    await_file(folder.path() / "nginx.pid");
}

std::string Nginx::config() const {
    const auto secure = [&](unsigned short port, const std::string& name, const char* more) {
        return fmt::format(
            "server {{ listen 127.0.0.1:{0} ssl; ssl_certificate {1}/{2}.pem;\n"
            "  ssl_certificate_key {1}/{2}.key; access_log {1}/tls.log tls; root {1}; {3}\n"
            "  location = /flood {{ access_log off; }}\n"
            "  location / {{ return 200 \"hello\\n\"; }} }}\n",
            port, folder_, name, more);
    };
    const std::string client =
        fmt::format("ssl_client_certificate {}/ca.pem; ssl_verify_client on;", folder_);
    return fmt::format(
               "daemon off;\nmaster_process off;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\n"
               "events {{ worker_connections 512; }}\nhttp {{\n"
               "log_format tls '$ssl_session_reused $ssl_server_name';\naccess_log off;\n"
               "client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3;\n"
               "uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;\n"
               "ssl_session_cache shared:test:1m;\n"
               "server {{ listen 127.0.0.1:{1}; listen [::1]:{1}; listen unix:{2};\n"
               "  location / {{ return 200 \"hello\\n\"; }}\n"
               "  location = /to-tls {{ return 302 https://localhost:{3}/; }} }}\n",
               folder_, plain_, socket_, good_) +
           secure(good_, "localhost", "") + secure(expired_, "expired", "") +
           secure(elsewhere_, "elsewhere", "") + secure(self_signed_, "self", "") +
           secure(wants_client_, "localhost", client.c_str()) +
           secure(old_tls_, "localhost", "ssl_protocols TLSv1.2;") + "}\n";
}

std::vector<std::string> Nginx::tls_log() const {
    return lines_of(folder_ + "/tls.log");
}

TlsEnds::TlsEnds(const TempFolder& folder) : port_(free_port()) {
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"python3",
                                 PLIMSOLL_SOURCE_DIR "/tests/integration/engine/tls_end.py",
                                 std::to_string(port_), folder.path().string()},
        folder.path() / "tls_end.out");
    await_port(port_);
}

PythonOracle::PythonOracle(const TempFolder& folder)
    : log_((folder.path() / "requests.log").string()), port_(free_port()) {
    folder.write("requests.log", "");
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"python3",
                                 PLIMSOLL_SOURCE_DIR "/tests/integration/engine/oracle.py",
                                 std::to_string(port_), log_},
        folder.path() / "oracle.out");
    await_port(port_);
}

std::vector<std::string> PythonOracle::log() const {
    return lines_of(log_);
}

}  // namespace plimsoll::test
