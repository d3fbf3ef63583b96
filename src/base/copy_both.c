/*-------------------------------------------------------------------------
 * copy_both.c
 *	  The serving end of a COPY command that takes frames one after another.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"

#include "base/copy_both.h"

#define MAX_MESSAGE	(1024 * 1024 * 1024 - 1)

static const char *command;

static void client_gone(void) pg_attribute_noreturn();

void
copy_both_begin(const char *name)
{
	StringInfoData buf;

	command = name;
	pq_beginmessage(&buf, 'W');
	pq_sendbyte(&buf, 1);		/* binary */
	pq_sendint16(&buf, 0);		/* no columns */
	pq_endmessage(&buf);
	pq_flush();
}

bool
copy_both_receive(StringInfo input)
{
	for (;;)
	{
		int			type;

		HOLD_CANCEL_INTERRUPTS();
		pq_startmsgread();
		type = pq_getbyte();
		if (type == EOF)
			client_gone();
		if (strchr("dcfXHS", type) == NULL)
			ereport(FATAL,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("unexpected message type 0x%02X during COPY %s", type, command)));
		if (pq_getmessage(input, MAX_MESSAGE))
			client_gone();
		RESUME_CANCEL_INTERRUPTS();
		CHECK_FOR_INTERRUPTS();
		switch (type)
		{
			case 'd':
				return true;
			case 'c':
				return false;
			case 'f':
				ereport(ERROR,
						(errcode(ERRCODE_QUERY_CANCELED),
						 errmsg("COPY %s failed: %s", command, pq_getmsgstring(input))));
				break;
			case 'X':
				client_gone();
			default:			/* Flush and Sync of the extended protocol */
				break;
		}
	}
}

void
copy_both_end(void)
{
	pq_putmessage_noblock('c', NULL, 0);	/* CopyDone; CommandComplete follows */
}

static void
client_gone(void)
{
	ereport(FATAL,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("connection to the driver was lost")));
}
