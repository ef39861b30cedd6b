-- What Redis knows of one call, changing nothing.
-- KEYS  rec_slots:B  rec_queue:B  rec_later:B  rec_progress:B:SID  rec_runner    ARGV  SID
-- Gives { place (0: in a slot, -1: nowhere), bytes received, bytes total (-1: not known), format,
--         ms the runner's mark has left (-2: no mark), kind, the part file's stamp (as text: it does
--         not fit a Lua number) }
local sid = ARGV[1]
local at = -1
if redis.call('SISMEMBER', KEYS[1], sid) == 1 then
    at = 0
else
    local n = redis.call('LPOS', KEYS[2], sid)
    if n then
        at = n + 1
    else
        n = redis.call('LPOS', KEYS[3], sid)
        at = n and redis.call('LLEN', KEYS[2]) + n + 1 or -1
    end
end
local progress = redis.call('HMGET', KEYS[4], 'received', 'total', 'format', 'kind', 'stamp')
return { at, tonumber(progress[1] or '-1'), tonumber(progress[2] or '-1'), progress[3] or '',
    redis.call('PTTL', KEYS[5]), progress[4] or '', progress[5] or '0' }
