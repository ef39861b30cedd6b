-- The one place where slots are taken, given back and granted: all of it, or nothing.
--
-- Invariants, whatever verb came before: no more than `limit` slots of a business are taken; a call
-- is in a slot or in one line, never twice; calls leave a line in the order they entered it; no call
-- waits in rec_queue while a slot is free, nor in rec_later while a slot open to it is free.
--
-- Nothing is granted before rec_ready says that the slots of running transfers are in place: after
-- Redis lost its memory, they are restored from PostgreSQL first. It lapses when nobody has been
-- heard for half a lease, so before any lease does: a Redis that hung, or could not be reached, may
-- have let leases lapse whose holders are well.
--
-- A lease is "<lane>:<state>:<token>": lane c (a person waits) or l (nobody does), state g (granted,
-- no runner yet) or r (a runner has it).
--
-- KEYS  rec_slots:B  rec_queue:B  rec_later:B  rec_queued:B  rec_jobs
-- ARGV  B  limit  later_limit  lease_ms  line_ms  nonce  verb  [sid  word]
-- Verbs: fill; enqueue SID click|later; release SID TOKEN; return SID TOKEN (release, and back to
-- the head of the line); drop SID (cancelled: out of its line, or out of a slot that no runner has).
-- Gives { taken slots, waiting calls, place of SID (0: in a slot, -1: nowhere), released (0|1),
--         { granted SIDs }, { reaped SIDs }, ready (0|1) }

local slots, queue, later, queued, jobs = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local business, limit, later_limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lease_ms, line_ms, nonce = ARGV[4], ARGV[5], ARGV[6]
local verb, sid, word = ARGV[7], ARGV[8], ARGV[9]

local granted, reaped, released, later_taken = {}, {}, 0, 0

local function lease_key(call) return 'rec_inflight:' .. business .. ':' .. call end

-- Which of the slots serve calls nobody waits for: remembered beside the leases, which lapse.
local slots_later = 'rec_slots_later:' .. business

-- The set can outlive its lists, and they it, so being in it is not being in line.
local function place(call)
    local at = redis.call('LPOS', queue, call)
    if at then
        return at + 1
    end
    at = redis.call('LPOS', later, call)
    return at and redis.call('LLEN', queue) + at + 1
end

-- Out of its slot; gives the line it came from.
local function free_slot(call)
    local was_later = redis.call('SREM', slots_later, call) == 1
    redis.call('DEL', lease_key(call), 'rec_progress:' .. business .. ':' .. call,
        'rec_waveform:' .. business .. ':' .. call)
    redis.call('SREM', slots, call)
    return was_later and later or queue
end

local function to_head(line, call)
    redis.call('SADD', queued, call)
    if not place(call) then
        redis.call('LPUSH', line, call)
    end
end

-- Only who holds the lease may give the slot back.
local function release(back_to_line)
    local lease = redis.call('GET', lease_key(sid))
    if lease and string.sub(lease, 5) == word then
        local line = free_slot(sid)
        released = 1
        if back_to_line then
            to_head(line, sid)
        end
    end
end

-- A slot whose lease lapsed goes back to the head of its line: its work is not done.
local function reap()
    for _, call in ipairs(redis.call('SMEMBERS', slots)) do
        if redis.call('EXISTS', lease_key(call)) == 0 then
            redis.call('LREM', jobs, 0, business .. ':' .. call)
            to_head(free_slot(call), call)
            reaped[#reaped + 1] = call
        end
    end
    later_taken = redis.call('SCARD', slots_later)
end

-- Gives true when it is the last of its line now: a long one need not be searched for it again.
local function enqueue()
    if redis.call('SISMEMBER', slots, sid) == 1 then
        return false
    end
    local line = word == 'click' and queue or later
    redis.call('SADD', queued, sid)
    if not place(sid) then
        redis.call('RPUSH', line, sid)
        return true
    elseif word == 'click' and redis.call('LREM', later, 1, sid) == 1 then
        redis.call('RPUSH', queue, sid)
        return true
    end
    return false
end

local function next_in_line()
    local call = redis.call('LPOP', queue)
    if call then
        return call, 'c'
    end
    if later_taken < later_limit then
        call = redis.call('LPOP', later)
        if call then
            later_taken = later_taken + 1
        end
    end
    return call, 'l'
end

local function fill()
    while redis.call('SCARD', slots) < limit do
        local call, lane = next_in_line()
        if not call then
            return
        end
        redis.call('SREM', queued, call)
        redis.call('SADD', slots, call)
        if lane == 'l' then
            redis.call('SADD', slots_later, call)
        end
        granted[#granted + 1] = call
        redis.call('SET', lease_key(call), lane .. ':g:' .. nonce .. '.' .. #granted,
            'PX', lease_ms)
        redis.call('RPUSH', jobs, business .. ':' .. call)
    end
end

-- A slot that a runner has stays taken: the runner hears of the end, and releases it.
local function drop()
    redis.call('LREM', queue, 0, sid)
    redis.call('LREM', later, 0, sid)
    redis.call('SREM', queued, sid)
    local lease = redis.call('GET', lease_key(sid))
    if not lease or string.sub(lease, 3, 3) == 'g' then
        redis.call('LREM', jobs, 0, business .. ':' .. sid)
        free_slot(sid)
    end
end

if verb == 'drop' then
    drop()
elseif verb == 'release' then
    release(false)
elseif verb == 'return' then
    release(true)
end
local ready = redis.call('EXISTS', 'rec_ready')
reap()
local is_last = verb == 'enqueue' and enqueue()
if ready == 1 then
    redis.call('PEXPIRE', 'rec_ready', math.floor(tonumber(lease_ms) / 2))
    fill()
end
-- Where a slot may be left behind: nobody asks for a business that has no work any more.
redis.call(redis.call('EXISTS', slots) == 1 and 'SADD' or 'SREM', 'rec_taken', business)
for _, line in ipairs({ queue, later, queued }) do
    redis.call('PEXPIRE', line, line_ms)
end

local at = -1
if sid then
    if redis.call('SISMEMBER', slots, sid) == 1 then
        at = 0
    elseif is_last then
        at = redis.call('LLEN', queue) + (word == 'click' and 0 or redis.call('LLEN', later))
    else
        at = place(sid) or -1
    end
end
return { redis.call('SCARD', slots), redis.call('LLEN', queue) + redis.call('LLEN', later), at,
    released, granted, reaped, ready }
