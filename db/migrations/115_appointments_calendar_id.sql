-- An appointment may belong to one of the business's calendars, and outlives it.
CREATE TABLE IF NOT EXISTS business_calendars (
    id          bigserial PRIMARY KEY,
    business_id bigint,
    name        text
);

-- Where a CRM has calendars already, their id may be of another type: the reference follows it.
DO $$
BEGIN
    EXECUTE (
        SELECT format('ALTER TABLE appointments ADD COLUMN IF NOT EXISTS calendar_id %s',
                      format_type(atttypid, atttypmod))
          FROM pg_attribute
         WHERE attrelid = 'business_calendars'::regclass AND attname = 'id'
    );
    IF NOT EXISTS (
        SELECT FROM pg_constraint
         WHERE conrelid = 'appointments'::regclass AND contype = 'f'
           AND confrelid = 'business_calendars'::regclass
           AND conkey = ARRAY[(SELECT attnum FROM pg_attribute
                                WHERE attrelid = 'appointments'::regclass
                                  AND attname = 'calendar_id')]
    ) THEN
        ALTER TABLE appointments ADD CONSTRAINT appointments_calendar_id_fkey
            FOREIGN KEY (calendar_id) REFERENCES business_calendars (id) ON DELETE SET NULL;
    END IF;
END
$$;

CREATE INDEX IF NOT EXISTS appointments_calendar_id ON appointments (calendar_id);
