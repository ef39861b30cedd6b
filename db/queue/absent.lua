-- Which of these waiting calls are in no slot and not in the line they belong in? Changes nothing.
-- One look for a page of calls: asking for each by itself would search its line each time.
-- KEYS  none: they follow from the calls    ARGV  "B SID click|later", one a line
-- Gives the indices, from 1, of those that are absent.

local function add(set, calls)
    for _, call in ipairs(calls) do
        set[call] = true
    end
    return set
end

-- A call that somebody waits for belongs in rec_queue; one that nobody waits for may be in either.
local function lines_of(b)
    local taken = add({}, redis.call('SMEMBERS', 'rec_slots:' .. b))
    local click = add(taken, redis.call('LRANGE', 'rec_queue:' .. b, 0, -1))
    local both = add({}, redis.call('LRANGE', 'rec_later:' .. b, 0, -1))
    for call in pairs(click) do
        both[call] = true
    end
    return { click = click, later = both }
end

local businesses, absent, i = {}, {}, 0
for b, sid, lane in string.gmatch(ARGV[1], '(%S+) (%S+) (%S+)\n') do
    businesses[b] = businesses[b] or lines_of(b)
    i = i + 1
    if not businesses[b][lane][sid] then
        absent[#absent + 1] = i
    end
end
return absent
