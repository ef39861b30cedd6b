-- A runner takes jobs: one that it was handed, if any, and the next ones; each only once, and only while
-- its grant stands.
-- KEYS  rec_jobs    ARGV  most  nonce  lease_ms  handed ("B:SID", or "")
-- Gives { { "B:SID", the token that holds it now, or "" where the grant had lapsed }, ... }
local jobs = {}
for n = 1, tonumber(ARGV[1]) do
    local job = n == 1 and ARGV[4] ~= '' and ARGV[4] or redis.call('LPOP', KEYS[1])
    if not job then
        break
    end
    local lease, token = redis.call('GET', 'rec_inflight:' .. job), ''
    if lease and string.sub(lease, 3, 3) == 'g' then
        token = ARGV[2] .. '.' .. n
        redis.call('SET', 'rec_inflight:' .. job, string.sub(lease, 1, 2) .. 'r:' .. token,
            'PX', ARGV[3])
    end
    jobs[n] = { job, token }
end
return jobs
