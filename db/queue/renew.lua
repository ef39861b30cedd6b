-- A runner keeps its leases. Where Redis forgot one (a restart, a flush), the running transfer
-- re-enters its slot while there is room; where somebody else has it, it is lost.
-- KEYS  rec_taken; the others follow from the leases
-- ARGV  "B SID TOKEN", one a line  lease_ms  limit    Gives the indices, from 1, of the lost ones.
local function keep(business, sid, token)
    local function key(name) return name .. ':' .. business end
    local lease_key = key('rec_inflight') .. ':' .. sid
    local lease = redis.call('GET', lease_key)
    if lease and string.sub(lease, 5) == token then
        redis.call('PEXPIRE', lease_key, ARGV[2])
        return true
    end
    -- Its own slot, when only the lease lapsed, is room enough.
    local slots = key('rec_slots')
    local others = redis.call('SCARD', slots) - redis.call('SISMEMBER', slots, sid)
    if lease or others >= tonumber(ARGV[3]) then
        return false
    end
    redis.call('LREM', key('rec_queue'), 0, sid)
    redis.call('LREM', key('rec_later'), 0, sid)
    redis.call('SREM', key('rec_queued'), sid)
    redis.call('SADD', slots, sid)
    redis.call('SADD', KEYS[1], business)
    redis.call('SET', lease_key, 'c:r:' .. token, 'PX', ARGV[2])
    return true
end

local lost, i = {}, 0
for business, sid, token in string.gmatch(ARGV[1], '(%S+) (%S+) (%S+)\n') do
    i = i + 1
    if not keep(business, sid, token) then
        lost[#lost + 1] = i
    end
end
return lost
