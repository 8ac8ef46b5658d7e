# Sinatra on Puma with Sequel. FAULT plants a cause:
#
# pool      16 threads share 4 connections
# threads   4 threads, and a pool that has a connection for each
# cluster   2 processes of 2 threads
# cpu       each request computes for 12 ms, one at a time under the interpreter's lock
# lock      16 threads that all change the same row, and hold its lock for 20 ms
# upstream  16 threads that ask another service, which takes one at a time for 25 ms
# idle      8 connections; 100 ms of waiting for something else inside each transaction
# leak      a pool of 20; one request in 25 leaves a thread behind that keeps its transaction open
require "json"
require "net/http"
require "sequel"
require "sinatra/base"

FAULT = ENV.fetch("FAULT", "none")
CONNECTIONS = Integer(ENV.fetch("SIZE", { "pool" => 4, "idle" => 8 }.fetch(FAULT, 20)))
DB = Sequel.connect(ENV.fetch("DATABASE_URL"), max_connections: CONNECTIONS, pool_timeout: 3)

class Service < Sinatra::Base
  configure do
    set :environment, :production
    set :requests, Queue.new
  end

  error(Sequel::Error) { |error| halt 503, error.message }
  set :show_exceptions, false
  set :raise_errors, false

  get "/health" do
    content_type :json
    { ok: true }.to_json
  end

  get "/items/:id" do
    id = Integer(params[:id])
    compute(0.012) if FAULT == "cpu"
    Net::HTTP.get(URI(ENV.fetch("UPSTREAM_URL"))) if FAULT == "upstream"
    name = DB.transaction { read(id) }
    audit(id) if FAULT == "leak"
    content_type :json
    { id: id, name: name }.to_json
  end

  def read(id)
    if FAULT == "lock"
      DB[:items].where(id: 1).update(seen: Sequel[:seen] + 1)
      DB.run "SELECT pg_sleep(0.02)"
    end
    name = DB[:items].where(id: id).get(:name)
    case FAULT
    when "idle" then sleep 0.1
    when "lock" then nil
    when "cpu", "upstream" then DB.run "SELECT pg_sleep(0.005)"
    else DB.run "SELECT pg_sleep(0.04)"
    end
    name
  end

  def compute(seconds)
    finish = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) + seconds
    value = 0
    value = (value * 31 + 7) % 1_000_003 while Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) < finish
  end

  # Waits for a message that nobody sends.
  def audit(id)
    settings.requests << id
    return unless (settings.requests.size % 25).zero?

    Thread.new { DB.transaction { DB[:items].where(id: id).get(:name) && Queue.new.pop } }
  end
end
