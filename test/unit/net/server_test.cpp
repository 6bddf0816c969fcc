#include "fixture.h"

namespace net_test {
namespace {

class Server : public ServerFixture {};

TEST_F(Server, answers_requests_one_after_the_other_on_one_connection) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("GET /a |"));
    client.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz");
    EXPECT_TRUE(client.read_until("|").ends_with("POST /b xyz|"));
    client.send(
        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer: t\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("POST /c abcde|"));
    client.send("GET /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto last = client.read_all();
    EXPECT_TRUE(last.ends_with("GET /d |"));
    EXPECT_TRUE(last.contains("Connection: close\r\n"));
}

}  // namespace
}  // namespace net_test
