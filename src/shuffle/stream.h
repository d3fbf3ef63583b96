/*-------------------------------------------------------------------------
 * stream.h
 *	  What COPY barks.shuffle sends.  Private to shuffle/.
 *
 *	  COPY barks.shuffle TO STDOUT (driver '…', job '…', stage '…',
 *									partitions '0-3', maps '0.1,2.1,7.2')
 *
 * Each CopyData message is a number of pieces, whole ones: a header and its
 * bytes.  Maps come in the order asked for, named "task.attempt"; each ends
 * with STREAM_END, whose rows say how many blocks it had, or STREAM_LOST,
 * whose bytes say why.  Numbers are in the machine's byte order.
 */
#ifndef BARKS_SHUFFLE_STREAM_H
#define BARKS_SHUFFLE_STREAM_H

typedef struct StreamHeader
{
	int32		map;
	int32		partition;		/* of a block, or a StreamMark */
	uint32		rows;
	uint32		len;
} StreamHeader;

#define STREAM_END		(-1)
#define STREAM_LOST		(-2)

/* Messages are sent once they have this many bytes. */
#define STREAM_MESSAGE_SIZE	(128 * 1024)

#endif							/* BARKS_SHUFFLE_STREAM_H */
