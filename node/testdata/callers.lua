-- Callers of get-work, for wrk: each of its connections asks, waits for the answer, and
-- rests for a while of its own, so that calls come one by one as those of real pools do.

wrk.method = "POST"

function delay() -- in milliseconds
  return math.random(20, 56)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"Requests":%d,"Microseconds":%d,"Failed":%d,"P50":%.0f,"P90":%.0f,"P99":%.0f}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99)))
end
